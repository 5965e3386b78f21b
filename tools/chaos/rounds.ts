/** Rounds of kill -9: in each, a part of the deliveries is sent while one of the processes dies. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery } from '../feeder/delivery.ts'
import { type Random, random } from '../feeder/random.ts'
import { send, type SendReport } from '../feeder/send.ts'
import { gatewayOf, type Installation, type Target, TARGETS } from './installation.ts'
import { Kept } from './keep.ts'
import type { Log } from '../../streams/log/log.ts'

export const VICTIMS = [...TARGETS, 'clickhouse', 'all'] as const
/** A target, the embedded ClickHouse under the sinks, or all of them at once. */
export type Victim = (typeof VICTIMS)[number]
/** How often which one dies, of 10 times. */
const ODDS: readonly Victim[] = [
  ...(['ingest', 'ingest', 'processors', 'processors', 'processors'] as const),
  ...(['sinks', 'sinks', 'clickhouse', 'clickhouse', 'all'] as const),
]

export interface Round {
  readonly victim: Victim
  /** After the sending of the round's part has begun. */
  readonly afterMs: number
  /** So long after a table's batch has set out, whatever `afterMs` says; null: not aimed at anything. */
  readonly intoBatchMs: number | null
  /** Until it is started again. */
  readonly downMs: number
  /** Until the next round, at least. */
  readonly restMs: number
}

/** The same seed is the same rounds; what the processes are at then is chance. */
export function roundsOf(seed: string, count: number): Round[] {
  const rng: Random = random(`${seed}/chaos`)
  return Array.from({ length: count }, () => ({
    victim: rng.pick(ODDS),
    intoBatchMs: rng.chance(0.6) ? rng.between(0, 60) : null,
    afterMs: rng.between(0, rng.chance(0.5) ? 400 : 1_500),
    downMs: rng.chance(0.5) ? 0 : rng.between(0, 1_500),
    restMs: rng.between(0, 2_500),
  }))
}

export interface Havoc {
  /** What was done how often. */
  readonly kills: Readonly<Record<string, number>>
  readonly seconds: number
  readonly sent: SendReport['requests']
  /** Requests that had to be sent again. */
  readonly retries: number
  readonly refused: readonly string[]
  /** Ends that nobody caused, with what was said before. */
  readonly surprises: readonly string[]
}

const GIVE_UP_MS = 300_000

/** Send all of the deliveries while the rounds go on, then let it run: `then` is called once all is sent, with everything alive or about to be. */
export async function wreak(
  at: Installation,
  deliveries: readonly Delivery[],
  rounds: readonly Round[],
  then: () => Promise<void>,
  told: (line: string) => void = () => undefined,
): Promise<Havoc> {
  const token = await at.token()
  const kept = Object.fromEntries(TARGETS.map(target => [target, new Kept(at, target)])) as Record<Target, Kept>
  const kills = Object.fromEntries(VICTIMS.map(victim => [victim, 0])) as Record<Victim, number>
  const begun = performance.now()
  let log: Log | undefined
  let [sent, retries] = [0, 0]
  const refused: string[] = []
  try {
    await at.ready(kept.ingest.program)
    ;({ log } = await at.open())
    for (const [index, round] of rounds.entries()) {
      const part = deliveries.slice(
        Math.floor((deliveries.length * index) / rounds.length),
        Math.floor((deliveries.length * (index + 1)) / rounds.length),
      )
      const sending = send(
        part,
        { url: at.url, token, secrets: at.secrets },
        { withReceivedAt: true, concurrency: 3, batch: 500, giveUpAfterMs: GIVE_UP_MS, timeoutMs: 10_000 },
      )
      // Awaited below; it must not count as unhandled before.
      sending.catch(() => undefined)
      const partBegun = performance.now()
      await sleep(round.afterMs)
      if (round.intoBatchMs !== null && (round.victim === 'sinks' || round.victim === 'clickhouse')) {
        await batchUnderWay(log)
        await sleep(round.intoBatchMs)
      }
      const killed = await strike(round, kept)
      kills[killed]++
      const after = Math.round(performance.now() - partBegun)
      told(`round ${index + 1}: ${killed} died ${after} ms into ${part.length} deliveries`)
      const report = await sending
      sent += report.requests
      retries += report.retries
      refused.push(...report.refusals.map(({ status, path, reason }) => `${status} ${path} ${reason}`))
      await sleep(round.restMs)
    }
    await at.ready(await kept.ingest.living())
    await then()
    await Promise.all(TARGETS.map(target => kept[target].stop()))
    const surprises = TARGETS.flatMap(target => kept[target].surprises)
    return { kills, seconds: (performance.now() - begun) / 1_000, sent, retries, refused, surprises }
  } catch (error) {
    const said = TARGETS.map(target => `${target}: ${kept[target].program.stderr.slice(-3_000)}`)
    throw new Error([(error as Error).message, ...said].join('\n\n'), { cause: error })
  } finally {
    await Promise.all(TARGETS.map(target => kept[target].stop()))
    await log?.close()
  }
}

const AIM_MS = 1_500
/** The floods and the rest: the tables that are written to most. */
const TABLES = ['vehicle_positions', 'shipment_sightings', 'shipment_etas'].map(table => `clickhouse/${table}`)

/** Resolves when a batch is on its way to a table: decided, and not known to have arrived; or after a while without. */
async function batchUnderWay(log: Log): Promise<void> {
  for (const end = performance.now() + AIM_MS; performance.now() < end;) {
    for (const table of TABLES) if ((await log.checkpointOf(table))?.intent) return
    await sleep(2)
  }
}

/** Resolves to who died: the sinks, where their ClickHouse does not live now. */
async function strike({ victim, downMs }: Round, kept: Record<Target, Kept>): Promise<Victim> {
  if (victim === 'all') {
    await Promise.all(TARGETS.map(target => kept[target].kill(downMs)))
    return 'all'
  }
  if (victim !== 'clickhouse') {
    await kept[victim].kill(downMs)
    return victim
  }
  const gateway = gatewayOf(kept.sinks.program)
  if (gateway === undefined) {
    await kept.sinks.kill(downMs)
    return 'sinks'
  }
  process.kill(gateway, 'SIGKILL')
  return 'clickhouse'
}
