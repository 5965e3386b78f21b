/** A world through a Milepost whose processes die, and what is different from what it should have concluded. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { inOrder } from '../feeder/disorder.ts'
import { send } from '../feeder/send.ts'
import type { World } from '../feeder/world.ts'
import { settled } from './caught-up.ts'
import { Installation, TARGETS } from './installation.ts'
import { countsOf, faultsOfLog, faultsOfTables } from './ledger.ts'
import { detailsOf, differences, outcomeOf, outcomeOfTruth, type Standing, standingOf } from './outcome.ts'
import { type Havoc, roundsOf, wreak } from './rounds.ts'
import { viewsOf, viewsOfApi } from './views.ts'

export interface ChaosOptions {
  readonly world: World
  /** An empty directory, for two installations after one another. */
  readonly root: string
  readonly told?: (line: string) => void
  /** Settings of the one that suffers. */
  readonly env?: Readonly<Record<string, string>>
  /** Sends all of the world's deliveries while it does its worst; calls `then` when all is sent, with everything alive or about to be. */
  readonly wreak: (at: Installation, then: () => Promise<void>) => Promise<Havoc>
}

/** kill -9, in so many rounds. */
export const killing =
  ({ deliveries, truth }: World, rounds: number, told?: (line: string) => void): ChaosOptions['wreak'] =>
  (at, then) =>
    wreak(at, deliveries, roundsOf(truth.seed, rounds), then, told)

export interface ChaosReport {
  readonly havoc: Havoc
  readonly milestones: number
  readonly openCases: number
  /** Records of all topics. */
  readonly records: number
  readonly seconds: { readonly chaos: number; readonly inOrder: number }
  /** Everything that is not as it has to be. */
  readonly faults: readonly string[]
}

export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const { world, root, env = {}, told = () => undefined } = options
  const { truth } = world
  const partners = [...new Set(world.deliveries.flatMap(each => (each.kind === 'carrier' ? [each.partner] : [])))]
  mkdirSync(root, { recursive: true })
  const faults: string[] = []
  let found: Standing = { shipments: [], cases: [] }
  let records = 0

  const at = await Installation.make({ root: join(root, 'chaos'), partners, env })
  const havoc = await options.wreak(at, async () => {
    told('all is sent: the clock is moved to the end, and everything comes through')
    await at.moveClock(truth.finalTick)
    await settled(at)
    found = await standingOf(at)
    const opened = await at.open()
    const clickhouse = await at.clickhouse()
    try {
      const counts = await countsOf(opened)
      for (const count of counts.values()) records += count.records
      faults.push(...faultsOfLog(counts, truth.totals), ...(await faultsOfTables(counts, clickhouse)))
      faults.push(...differences('ClickHouse beside the API', viewsOfApi(found), await viewsOf(clickhouse)))
    } finally {
      await clickhouse.close()
      await opened.log.close()
    }
  })
  faults.push(...havoc.surprises, ...havoc.refused.map(refusal => `refused: ${refusal}`))
  faults.push(...differences('beside the truth', outcomeOfTruth(truth), outcomeOf(found)))

  told('the same world in order, undisturbed')
  const begun = performance.now()
  const calm = await Installation.make({ root: join(root, 'in-order'), partners })
  const expected = await undisturbed(calm, world)
  faults.push(...differences('beside the run in order', outcomeOf(expected), outcomeOf(found)))
  faults.push(...differences('beside the run in order', detailsOf(expected), detailsOf(found)))
  const { milestones = [], 'open cases': openCases = [] } = outcomeOf(found)
  return {
    ...{ havoc, records, faults, milestones: milestones.length, openCases: openCases.length },
    seconds: { chaos: havoc.seconds, inOrder: (performance.now() - begun) / 1_000 },
  }
}

/** How a world stands after it was sent in the order in which it happened, each thing once. */
async function undisturbed(at: Installation, world: World): Promise<Standing> {
  const token = await at.token()
  const programs = TARGETS.map(target => at.start(target))
  try {
    await Promise.all(programs.map(program => at.ready(program)))
    await send(inOrder(world.deliveries), { url: at.url, token, secrets: at.secrets }, { withReceivedAt: true })
    await at.moveClock(world.truth.finalTick)
    await settled(at)
    return await standingOf(at)
  } finally {
    await Promise.all(programs.map(program => program.stop()))
  }
}
