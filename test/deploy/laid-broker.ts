/**
 * Kafka as docker-compose.yml starts it: its script, its settings and its health check, with ports and folders of a
 * test.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../tools/ports.ts'
import { install } from '../../tools/kafka/install.ts'
import { java, JavaProgram } from '../../tools/kafka/java.ts'
import { type Ending, ROOT, service } from './compose.ts'

const file = (name: string) => join(ROOT, 'deploy/kafka', name)
export const serverProperties = (): string => readFileSync(file('server.properties'), 'utf8')

export interface LaidBroker {
  readonly root: string
  /** server.properties, with this machine's ports and folders. */
  readonly config: string
  readonly data: string
  /** Where clients come in. */
  readonly port: number
  /** The listener of its health check. */
  readonly local: number
  /** start.sh, up to where it becomes the broker: what it said, and how often it has formatted. */
  readonly prepare: () => { readonly said: string; readonly formatted: number }
  /** The broker itself; resolves when it is healthy. */
  readonly run: () => Promise<JavaProgram>
}

/** Nothing runs yet. `secrets` is what deploy/prepare.sh left. */
export async function layBroker(t: Ending, secrets: string): Promise<LaidBroker> {
  const root = mkdtempSync(join(tmpdir(), 'milepost-broker-'))
  const programs: JavaProgram[] = []
  t.after(async () => {
    await Promise.all(programs.map(program => program.kill()))
    rmSync(root, { recursive: true, force: true })
  })
  const [config, data] = [join(root, 'server.properties'), join(root, 'data')]
  const [port, controller, local] = [await freePort(), await freePort(), await freePort()]
  mkdirSync(data)
  const here = serverProperties()
    .replace('/var/lib/kafka/data', data)
    .replaceAll(':9092', `:${port}`)
    .replaceAll(':9093', `:${controller}`)
    .replaceAll(':9094', `:${local}`)
    .replace('0.0.0.0', '127.0.0.1')
    .replace('//kafka:', '//127.0.0.1:')
  writeFileSync(config, here)
  const classes = join(await install(), 'kafka', '*')
  const storage = `exec "${java()}" -XX:TieredStopAtLevel=1 -cp "${classes}" kafka.tools.StorageTool "$@"`
  standIn(root, 'kafka-storage.sh', `echo "$*" >>"${root}/storage"\n${storage}`)
  standIn(root, 'kafka-server-start.sh', 'echo "starting $*"')
  return {
    ...{ root, config, data, port, local },
    prepare() {
      const env = { ...process.env, KAFKA_HOME: root }
      const args = [file('start.sh'), config, join(secrets, 'kafka/scram')]
      const said = execFileSync('sh', args, { encoding: 'utf8', env })
      const calls = readFileSync(join(root, 'storage'), 'utf8').split('\n')
      return { said, formatted: calls.filter(call => call.startsWith('format')).length }
    },
    async run() {
      const logging = `-Dlog4j2.configurationFile=${file('log4j2.yaml')}`
      const args = ['-Xmx384m', '-XX:TieredStopAtLevel=1', logging, '-cp', classes, 'kafka.Kafka', config]
      const program = new JavaProgram({ name: 'broker', root, logFile: join(root, 'log.txt'), args })
      programs.push(program)
      await program.until(() => isBrokerHealthy(local))
      return program
    },
  }
}

/** A script of Kafka's as the image has it: one of its classes. */
function standIn(root: string, name: string, script: string): void {
  mkdirSync(join(root, 'bin'), { recursive: true })
  writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(root, 'bin', name), 0o755)
}

/** The health check of docker-compose.yml. */
export async function isBrokerHealthy(port: number): Promise<boolean> {
  const [, bash = '', script = ''] = service('kafka').healthcheck?.test ?? []
  assert.deepEqual([bash, script], ['bash', '/milepost/kafka/healthcheck.sh'])
  const check = spawn(bash, [file('healthcheck.sh'), String(port)], { stdio: 'ignore' })
  return ((await once(check, 'exit')) as [number | null])[0] === 0
}
