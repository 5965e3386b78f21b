/**
 * The schema registry as docker-compose.yml starts it: its settings and its health check, with a port and a folder of
 * a test.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../tools/ports.ts'
import { install } from '../../tools/kafka/install.ts'
import { JavaProgram } from '../../tools/kafka/java.ts'
import { type Ending, service } from './compose.ts'

const { environment = {}, healthcheck } = service('registry')
/** Where it keeps what it knows, as the file says. */
export const DATABASE = String(environment['REGISTRY_DATASOURCE_URL'])

export interface LaidRegistry {
  readonly port: number
  /** Resolves when it is healthy. */
  readonly run: () => Promise<JavaProgram>
}

/** Nothing runs yet. `database` may be another than the file says. */
export async function layRegistry(t: Ending, database = DATABASE): Promise<LaidRegistry> {
  const root = mkdtempSync(join(tmpdir(), 'milepost-registry-'))
  const programs: JavaProgram[] = []
  t.after(async () => {
    await Promise.all(programs.map(program => program.kill()))
    rmSync(root, { recursive: true, force: true })
  })
  const [jar = ''] = globSync(join(await install(), 'registry', '*-runner.jar'))
  const port = await freePort()
  const env = {
    ...Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)])),
    REGISTRY_DATASOURCE_URL: database.replace('/registry/', `${root}/`),
    HTTP_PORT: String(port),
    QUARKUS_HTTP_HOST: '127.0.0.1',
  }
  const run = async () => {
    const args = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-jar', jar]
    const program = new JavaProgram({ name: 'registry', root, logFile: join(root, 'log.txt'), args, env })
    programs.push(program)
    await program.until(() => isRegistryHealthy(port))
    return program
  }
  return { port, run }
}

/** The health check of docker-compose.yml. */
export async function isRegistryHealthy(port: number): Promise<boolean> {
  const [, bash = '', flag = '', script = ''] = healthcheck?.test ?? []
  assert.equal(bash, 'bash')
  const check = spawn(bash, [flag, script.replace('8080', String(port))], { stdio: 'ignore' })
  return ((await once(check, 'exit')) as [number | null])[0] === 0
}
