/** What Grafana is given: a plugin of one version, a data source that names what exists, and passwords from files. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parse } from 'yaml'
import { DASHBOARDS } from '../../tools/dashboards.ts'
import { compose, mountsOf, prepared, ROOT, service } from './compose.ts'

interface DataSource {
  readonly name: string
  readonly uid: string
  readonly type: string
  readonly editable: boolean
  readonly jsonData: Readonly<Record<string, string | number>>
  readonly secureJsonData: Readonly<Record<string, string>>
}
const grafana = service('grafana')
const environment = grafana.environment ?? {}
const provisioning = mountsOf(grafana).find(({ target }) => target === '/etc/grafana/provisioning')?.source ?? ''
const folder = join(ROOT, provisioning)
const { secrets } = prepared({ after })

const sources = globSync('datasources/*.yaml', { cwd: folder }).flatMap(file => {
  const { apiVersion, datasources } = parse(readFileSync(join(folder, file), 'utf8')) as {
    apiVersion: number
    datasources: DataSource[]
  }
  assert.equal(apiVersion, 1, file)
  return datasources
})

test('the plugin has one version, is there before it is used, and nothing is updated behind anyone’s back', () => {
  const [, id, version] = /^([\w-]+)@(\d+\.\d+\.\d+)$/.exec(String(environment['GF_PLUGINS_PREINSTALL_SYNC'])) ?? []
  assert.ok(version !== undefined)
  assert.ok(sources.every(({ type }) => type === id))
  assert.equal(environment['GF_PLUGINS_PREINSTALL_AUTO_UPDATE'], 'false')
  const [major = 0, minor = 0] = (grafana.image.split(':')[1] ?? '').split('.').map(Number)
  assert.ok(major > 11 || (major === 11 && minor >= 6), 'the plugin needs Grafana 11.6')
})

test('the data source is ClickHouse as the analyst sees it, by a password that Grafana can read', () => {
  assert.equal(sources.length, 1)
  const [source] = sources
  assert.ok(source)
  const { jsonData, secureJsonData, editable, uid } = source
  assert.ok(uid !== '' && !editable)
  const host = compose.services[String(jsonData['host'])]
  assert.ok(host?.networks?.some(net => grafana.networks?.includes(net)))
  assert.deepEqual([jsonData['port'], jsonData['protocol']], [9000, 'native'])
  assert.equal(jsonData['defaultDatabase'], 'milepost')
  const users = readFileSync(join(ROOT, 'deploy/clickhouse/users.xml'), 'utf8')
  assert.match(users, new RegExp(`<${String(jsonData['username'])}>\\s*<password_sha256_hex`))
  const file = /^\$__file\{(.*)\}$/.exec(secureJsonData['password'] ?? '')?.[1] ?? ''
  assert.equal(
    readFileSync(file.replace('/secrets', secrets), 'utf8'),
    readFileSync(join(secrets, 'drawn/clickhouse-analyst'), 'utf8'),
  )
})

test('the dashboards are where Grafana looks for them', () => {
  const { apiVersion, providers } = parse(readFileSync(join(folder, 'dashboards/milepost.yaml'), 'utf8')) as {
    apiVersion: number
    providers: { type: string; options: { path: string } }[]
  }
  assert.deepEqual([apiVersion, providers.length, providers[0]?.type], [1, 1, 'file'])
  const path = providers[0]?.options.path.replace('/etc/grafana/provisioning', provisioning)
  assert.equal(path?.replace(/^\.\//, ''), DASHBOARDS)
})

test('its queries may take as long as the analyst’s', () => {
  const limit = /<max_execution_time>(\d+)</.exec(readFileSync(join(ROOT, 'deploy/clickhouse/users.xml'), 'utf8'))?.[1]
  const asked = Number(sources[0]?.jsonData['queryTimeout'])
  // https://github.com/grafana/clickhouse-datasource: max_execution_time is the time-out and 4 s more, or it is
  // refused.
  assert.ok(asked + 4 <= Number(limit), `${asked} + 4 > ${limit ?? ''}`)
})

test('nobody signs up, and who administers it is told by a file', () => {
  for (const name of ['GF_SECURITY_ADMIN_PASSWORD', 'GF_SECURITY_SECRET_KEY']) {
    assert.equal(environment[name], undefined)
    assert.ok(existsSync(String(environment[`${name}__FILE`]).replace('/secrets', secrets)), name)
  }
  assert.equal(environment['GF_USERS_ALLOW_SIGN_UP'], 'false')
})
