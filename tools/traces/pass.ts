/** A recording through a real Milepost, by HTTP, until everything that follows from it is known. */
import { caughtUp } from '../chaos/caught-up.ts'
import { Installation } from '../chaos/installation.ts'
import { type Standing, standingOf } from '../chaos/outcome.ts'
import { viewsOf, viewsOfApi } from '../chaos/views.ts'
import type { Lines } from '../chaos/outcome.ts'
import { HOUR, iso } from '../feeder/delivery.ts'
import { send, type SendReport } from '../feeder/send.ts'
import type { Told } from './plans.ts'

/** Longer than anything is held back, and than any deadline of a recorded trip lies ahead. */
const AFTERWARDS_MS = 26 * HOUR

export interface Passed {
  readonly sent: SendReport
  /** From the first request until nothing was left to conclude. */
  readonly seconds: number
  readonly standing: Standing
  /** What ClickHouse says, and what it should say by the read API. */
  readonly views: { readonly expected: Lines; readonly found: Lines }
  readonly root: string
}

/** `root`: an empty directory. `lastAt`: when the last fix was taken, in milliseconds since the epoch. */
export async function pass(root: string, told: readonly Told[], lastAt: number): Promise<Passed> {
  const at = await Installation.make({ root })
  const token = await at.token()
  const program = at.start('all')
  try {
    await at.ready(program)
    const begun = performance.now()
    const sent = await send(told, { url: at.url, token }, { withReceivedAt: true })
    await at.moveClock(iso(lastAt + AFTERWARDS_MS))
    const log = at.openLog()
    try {
      await caughtUp(log)
    } finally {
      await log.close()
    }
    const seconds = (performance.now() - begun) / 1_000
    const standing = await standingOf(at)
    const clickhouse = await at.clickhouse()
    try {
      const views = { expected: viewsOfApi(standing), found: await viewsOf(clickhouse) }
      return { sent, seconds, standing, views, root }
    } finally {
      await clickhouse.close()
    }
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${program.stderr.slice(-4_000)}`, { cause: error })
  } finally {
    await program.stop()
  }
}
