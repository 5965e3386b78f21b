/** What is made once, when Kafka is installed, so that each cluster and registry starts fast. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../ports.ts'
import { archiveOf, brokerArgs, CHECKPOINT, formatArgs, type Formatted, formattedAt, registryArgs } from './commands.ts'
import { JavaProgram } from './java.ts'
import { propertiesOf, uuid } from './properties.ts'
import { askCluster, registryAnswers } from './wire.ts'

/** What formatting leaves, and archives of the classes that a broker and a registry load. */
export async function prepare(installed: string): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'milepost-kafka-prepare-'))
  const programs: JavaProgram[] = []
  const program = (name: string, args: readonly string[]): JavaProgram => {
    const made = new JavaProgram({ name, root, args, logFile: join(root, `${name}.log`) })
    programs.push(made)
    return made
  }
  try {
    const ports = { client: await freePort(), internal: await freePort(), controller: await freePort() }
    const data = (kind: Formatted) => join(root, kind)
    const properties = (kind: Formatted): string => {
      const file = join(root, `${kind}.properties`)
      const node = { id: 1, cluster: [ports], dataFolder: data(kind), security: 'plain', properties: {} } as const
      writeFileSync(file, propertiesOf(node))
      return file
    }
    for (const kind of ['plain', 'scram'] as const) {
      const formatting = program(`format-${kind}`, formatArgs(installed, kind, properties(kind), uuid()))
      await formatting.succeeded()
      mkdirSync(formattedAt(installed, kind), { recursive: true })
      cpSync(join(data(kind), CHECKPOINT), join(formattedAt(installed, kind), CHECKPOINT))
    }

    const broker = program('broker', brokerArgs(installed, properties('plain'), archiving(installed, 'kafka')))
    await broker.until(async () => (await askCluster(ports.client))?.brokers.length === 1)
    await broker.stop()

    const port = await freePort()
    const registry = program(
      'registry',
      registryArgs(installed, { port, folder: root }, archiving(installed, 'registry')),
    )
    await registry.until(() => registryAnswers(`http://127.0.0.1:${port}`))
    await registry.stop()
  } finally {
    await Promise.all(programs.map(one => one.kill()))
    rmSync(root, { recursive: true, force: true })
  }
}

const archiving = (installed: string, program: 'kafka' | 'registry') => [
  `-XX:ArchiveClassesAtExit=${archiveOf(installed, program)}`,
]
