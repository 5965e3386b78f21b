/** What docker-compose.yml tells Milepost is what Milepost lets itself be told, service by service. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Config, ConfigError, loadConfig } from '../../app/config.ts'
import { answerOf } from '../../tools/chaos/program.ts'
import { baked, dockerfile, environmentIn, ours, prepared, ROOT, type Service, service } from './compose.ts'

const { secrets } = prepared({ after })
const running = ours.filter(([name]) => name !== 'prepare')
const environmentOf = (written: Service) => environmentIn(written, { '/secrets/': `${secrets}/` })
const configOf = (name: string, more: NodeJS.ProcessEnv = {}): Config =>
  loadConfig({ ...environmentOf(service(name)), ...more })

test('the image says where to listen and where the data is', () => {
  assert.deepEqual(baked, { MILEPOST_BIND: '0.0.0.0', MILEPOST_DATA: '/data' })
})

for (const [name, written] of running)
  test(`${name}: every setting is one, and all fit together`, () => {
    const config = loadConfig(environmentOf(written))
    assert.deepEqual(config.kafkaBrokers, ['kafka:9092'])
    assert.equal(config.kafkaSasl, 'scram-sha-512')
    assert.equal(config.kafkaUsername, 'milepost')
    assert.equal(config.schemaRegistryUrl, 'http://registry:8080/apis/ccompat/v7')
    assert.equal(config.data, '/data')
    const scram = readFileSync(join(secrets, 'kafka/scram'), 'utf8')
    assert.ok(config.kafkaPassword !== undefined && scram.includes(`password=${config.kafkaPassword}]`))
  })

test('all agree on the number of partitions', () => {
  assert.equal(new Set(running.map(([name]) => configOf(name).partitions)).size, 1)
})

test('sinks write to the server, and nobody else knows its password', () => {
  const { clickhouseUrl, clickhousePassword } = configOf('sinks')
  assert.equal(clickhouseUrl, 'http://clickhouse:8123')
  assert.match(clickhousePassword ?? '', /^[\w-]{32}$/)
  for (const name of ['ingest', 'processors']) assert.equal(configOf(name).clickhousePassword, undefined)
})

test('a setting that is none, or lacks its other half, would have been found', () => {
  const wrong = (more: NodeJS.ProcessEnv, said: RegExp) =>
    assert.throws(
      () => configOf('sinks', more),
      (error: Error) => error instanceof ConfigError && said.test(error.message),
    )
  wrong({ MILEPOST_KAFKA_BROKER: 'kafka:9092' }, /MILEPOST_KAFKA_BROKER\): there is no such setting/)
  wrong({ MILEPOST_SCHEMA_REGISTRY_URL: '' }, /MILEPOST_SCHEMA_REGISTRY_URL/)
  wrong({ MILEPOST_KAFKA_PASSWORD_FILE: '/secrets/none' }, /MILEPOST_KAFKA_PASSWORD_FILE: .*cannot be read/)
  wrong({ MILEPOST_KAFKA_PASSWORD_FILE: '' }, /kafkaSasl needs/)
  wrong({ MILEPOST_KAFKA_SASL: '' }, /set kafkaSasl/)
})

test('every command is one that Milepost has', async () => {
  const env = { ...process.env, MILEPOST_CONFIG: '/nowhere/milepost.yaml' }
  const commands = running.map(([, { command = [] }]) => command)
  commands.push(JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[])
  for (const command of commands) {
    const { code, stdout } = await answerOf([...command, '--help'], env, ROOT)
    assert.equal(code, 0, command.join(' '))
    const targets = /--target (\S+?)\]/.exec(stdout)?.[1]?.split('|') ?? []
    const [, flag, target = 'all'] = command
    assert.ok([undefined, '--target'].includes(flag) && targets.includes(target), command.join(' '))
  }
})

test('every file that is named exists, in the repository or among what is drawn', () => {
  const named = [
    ...ours.map(([name]) => JSON.stringify(service(name))),
    ...['clickhouse', 'grafana', 'kafka'].map(textsOf),
  ]
  const paths = named.flatMap(text => text.match(/\/secrets\/[\w./-]+\w/g) ?? [])
  assert.ok(paths.length >= 8, String(paths))
  for (const path of paths) assert.ok(existsSync(path.replace('/secrets', secrets)), path)
})

/** What a service of somebody else is told, here and in the files that it is given. */
function textsOf(name: string): string {
  const files = ['clickhouse/users.xml', 'grafana/provisioning/datasources/clickhouse.yaml', 'kafka/start.sh']
  const own = files.filter(file => file.startsWith(name)).map(file => readFileSync(join(ROOT, 'deploy', file), 'utf8'))
  return [JSON.stringify(service(name)), ...own].join('\n')
}
