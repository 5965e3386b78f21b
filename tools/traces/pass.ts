/** A recording through a real Milepost, by HTTP, until everything that follows from it is known. */
import { settled } from '../chaos/caught-up.ts'
import { Installation } from '../chaos/installation.ts'
import { type Lines, type Standing, standingOf } from '../chaos/outcome.ts'
import { viewsOf, viewsOfApi } from '../chaos/views.ts'
import { HOUR, iso } from '../feeder/delivery.ts'
import { send, type SendReport } from '../feeder/send.ts'
import type { Told } from './plans.ts'

export interface PassOptions {
  /** An empty directory. */
  readonly root: string
  /** In the order in which it is sent. */
  readonly told: readonly Told[]
  /** When the last fix was taken, in milliseconds since the epoch. */
  readonly lastAt: number
  /** Requests under way; with more than one (the default) they overtake one another. */
  readonly concurrency?: number
}
export interface Passed {
  readonly positions: number
  readonly plans: number
  readonly refusals: SendReport['refusals']
  /** From the first request to the last, and until nothing was left to conclude. */
  readonly seconds: { readonly sent: number; readonly concluded: number }
  readonly standing: Standing
  /** What ClickHouse says, and what it should say by the read API. */
  readonly views: { readonly expected: Lines; readonly found: Lines }
}

/** Longer than anything is held back, and than any deadline of a recorded trip lies ahead. */
const AFTERWARDS_MS = 26 * HOUR
/**
 * Milepost keeps the tracks of vehicles for 72 h of their time. A recording that goes on months later would pass over
 * that within a request, while plans sent before are on their way: they would find no track. So it waits for them.
 */
const LEAP_MS = 24 * HOUR

export async function pass({ root, told, lastAt, concurrency = 1 }: PassOptions): Promise<Passed> {
  const at = await Installation.make({ root })
  const token = await at.token()
  const program = at.start('all')
  try {
    await at.ready(program)
    const begun = performance.now()
    const reports: SendReport[] = []
    for (const leg of legsOf(told)) {
      if (reports.length > 0) await settled(at)
      reports.push(await send(leg, { url: at.url, token }, { withReceivedAt: true, concurrency }))
    }
    const sent = (performance.now() - begun) / 1_000
    await at.moveClock(iso(lastAt + AFTERWARDS_MS))
    await settled(at)
    const seconds = { sent, concluded: (performance.now() - begun) / 1_000 }

    const standing = await standingOf(at)
    const clickhouse = await at.clickhouse()
    try {
      const views = { expected: viewsOfApi(standing), found: await viewsOf(clickhouse) }
      return {
        positions: reports.reduce((sum, { positions }) => sum + positions, 0),
        plans: reports.reduce((sum, { plans }) => sum + plans, 0),
        refusals: reports.flatMap(({ refusals }) => refusals),
        ...{ seconds, standing, views },
      }
    } finally {
      await clickhouse.close()
    }
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${program.stderr.slice(-4_000)}`, { cause: error })
  } finally {
    await program.stop()
  }
}

function legsOf(told: readonly Told[]): Told[][] {
  const legs: Told[][] = []
  told.forEach((each, i) => {
    const [leg, before] = [legs.at(-1), told[i - 1]]
    if (leg && before && each.at - before.at < LEAP_MS) leg.push(each)
    else legs.push([each])
  })
  return legs
}
