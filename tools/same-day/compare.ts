/** One day through several installations, which must all come to the same. */
import { mkdirSync } from 'node:fs'
import { differences } from '../chaos/outcome.ts'
import type { World } from '../feeder/world.ts'
import { startKafka } from '../kafka/cluster.ts'
import { startRegistry } from '../kafka/registry.ts'
import { type Ended, throughTheDay } from './day.ts'
import { EMBEDDED, install, type Setup } from './setups.ts'

export interface SameDayOptions {
  readonly world: World
  /** Beside the embedded one. */
  readonly setups: readonly Setup[]
  /** An empty directory. */
  readonly root: string
  readonly told?: (line: string) => void
}
export interface SameDayReport {
  /** By the name of the setup, `embedded` first. */
  readonly ended: ReadonlyMap<string, Ended>
  /** Everything that is not as it has to be. */
  readonly faults: readonly string[]
}

/** Starts a broker and a registry of its own; the installations run one after the other. */
export async function sameDay({ world, setups, root, told = () => undefined }: SameDayOptions): Promise<SameDayReport> {
  mkdirSync(root, { recursive: true })
  const partners = [...new Set(world.deliveries.flatMap(each => (each.kind === 'carrier' ? [each.partner] : [])))]
  await using kafka = await startKafka()
  await using registry = await startRegistry()
  const surroundings = { brokers: kafka.bootstrap, registryUrl: registry.url }
  const ended = new Map<string, Ended>()
  const faults: string[] = []
  for (const setup of [EMBEDDED, ...setups]) {
    const at = await install(setup, surroundings, { root, partners })
    const end = await throughTheDay(at, setup.processes, world)
    const expected = ended.get(EMBEDDED.name) ?? end
    const unlike = [
      ...differences('beside embedded', expected.outcome, end.outcome),
      ...differences('beside embedded', expected.details, end.details),
    ]
    const all = [...end.faults, ...unlike].map(fault => `${setup.name}: ${fault}`)
    told(
      `${setup.name}: ${end.seconds.toFixed(1)} s, ${end.records} records, tasks by process ${end.tasks.join(' + ')}, ${all.length} mismatches`,
    )
    faults.push(...all)
    ended.set(setup.name, end)
  }
  return { ended, faults }
}
