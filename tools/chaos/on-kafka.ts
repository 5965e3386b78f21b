/**
 * Havoc on Kafka: three processes of processors beside ingest and sinks, on three brokers. Processes die, or are frozen
 * for longer than their session and wake up again as zombies; brokers die, are restarted, and lose what they lead.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery } from '../feeder/delivery.ts'
import { type Random, random } from '../feeder/random.ts'
import { send } from '../feeder/send.ts'
import type { KafkaCluster } from '../kafka/cluster.ts'
import type { Installation } from './installation.ts'
import { Kept } from './keep.ts'
import type { Havoc } from './rounds.ts'

/** The brokers' session timeout in tools/kafka/properties.ts, and time to act on it. */
const BEYOND_THE_SESSION_MS = 8_000
const PROCESSORS = 3
const GIVE_UP_MS = 300_000

const DEEDS = [
  ...['kill processors', 'kill processors', 'kill processors', 'kill two processors'],
  ...['freeze processors', 'freeze processors', 'kill sinks', 'freeze sinks', 'kill ingest'],
  ...['kill broker', 'kill broker', 'restart broker', 'freeze broker', 'kill all but brokers'],
] as const
export type Deed = (typeof DEEDS)[number]

export interface KafkaRound {
  readonly deed: Deed
  /** Which of three. */
  readonly who: number
  readonly afterMs: number
  /** Until what died is started again. */
  readonly downMs: number
  readonly restMs: number
}

/** The same seed is the same rounds. */
export function kafkaRoundsOf(seed: string, count: number): KafkaRound[] {
  const rng: Random = random(`${seed}/chaos on Kafka`)
  return Array.from({ length: count }, () => ({
    deed: rng.pick(DEEDS),
    who: Math.floor(rng.between(0, PROCESSORS)),
    afterMs: rng.between(0, 1_500),
    downMs: rng.chance(0.4) ? 0 : rng.between(0, rng.chance(0.3) ? 2 * BEYOND_THE_SESSION_MS : 2_000),
    restMs: rng.between(0, 4_000),
  }))
}

export async function wreakOnKafka(
  at: Installation,
  kafka: KafkaCluster,
  deliveries: readonly Delivery[],
  rounds: readonly KafkaRound[],
  then: () => Promise<void>,
  told: (line: string) => void = () => undefined,
): Promise<Havoc> {
  const begun = performance.now()
  const token = await at.token()
  const ingest = new Kept(at, 'ingest')
  const sinks = new Kept(at, 'sinks')
  const processors = Array.from({ length: PROCESSORS }, (_, n) => new Kept(at, 'processors', `processors ${n + 1}`))
  const all = [ingest, sinks, ...processors]
  const kills: Record<string, number> = {}
  const refused: string[] = []
  let [sent, retries] = [0, 0]
  try {
    await at.ready(ingest.program)
    for (const [index, round] of rounds.entries()) {
      const share = (n: number) => Math.floor((deliveries.length * n) / rounds.length)
      const part = deliveries.slice(share(index), share(index + 1))
      const sending = send(
        part,
        { url: at.url, token, secrets: at.secrets },
        { withReceivedAt: true, concurrency: 3, batch: 200, giveUpAfterMs: GIVE_UP_MS, timeoutMs: 10_000 },
      )
      // Awaited below; it must not count as unhandled before.
      sending.catch(() => undefined)
      await sleep(round.afterMs)
      await strike(round, { kafka, ingest, sinks, processors })
      kills[round.deed] = (kills[round.deed] ?? 0) + 1
      told(`round ${index + 1}: ${round.deed}${round.who + 1}, ${part.length} deliveries`)
      const report = await sending
      sent += report.requests
      retries += report.retries
      refused.push(...report.refusals.map(({ status, path, reason }) => `${status} ${path} ${reason}`))
      await sleep(round.restMs)
    }
    await at.ready(await ingest.living())
    await then()
    await Promise.all(all.map(one => one.stop()))
    const surprises = all.flatMap(one => one.surprises)
    return { kills, seconds: (performance.now() - begun) / 1_000, sent, retries, refused, surprises }
  } catch (error) {
    const said = all.map(one => `${one.name}: ${one.program.stderr.slice(-3_000)}`)
    throw new Error([(error as Error).message, ...said].join('\n\n'), { cause: error })
  } finally {
    for (const { program } of all) program.signal('SIGCONT')
    await Promise.all(all.map(one => one.stop()))
  }
}

interface Cast {
  readonly kafka: KafkaCluster
  readonly ingest: Kept
  readonly sinks: Kept
  readonly processors: readonly Kept[]
}

/** One thing at a time is broken among the brokers: two of three copies are what an answer is worth. */
async function strike({ deed, who, downMs }: KafkaRound, { kafka, ingest, sinks, processors }: Cast): Promise<void> {
  const victim = processors[who] ?? sinks
  const neighbour = processors[(who + 1) % processors.length] ?? sinks
  const broker = kafka.nodes[who % kafka.nodes.length] ?? 1
  if (deed === 'kill processors') await victim.kill(downMs)
  else if (deed === 'kill two processors') await Promise.all([victim.kill(downMs), neighbour.kill(0)])
  else if (deed === 'kill sinks') await sinks.kill(downMs)
  else if (deed === 'kill ingest') await ingest.kill(Math.min(downMs, 1_000))
  else if (deed === 'kill all but brokers')
    await Promise.all([ingest, sinks, ...processors].map(one => one.kill(Math.min(downMs, 1_000))))
  else if (deed === 'freeze processors' || deed === 'freeze sinks') {
    const { program } = deed === 'freeze sinks' ? sinks : victim
    program.signal('SIGSTOP')
    await sleep(BEYOND_THE_SESSION_MS)
    program.signal('SIGCONT')
  } else if (deed === 'freeze broker') {
    kafka.freeze(broker)
    await sleep(Math.min(downMs, BEYOND_THE_SESSION_MS))
    kafka.thaw(broker)
  } else {
    if (deed === 'kill broker') await kafka.kill(broker)
    else await kafka.stop(broker)
    await sleep(Math.min(downMs, 5_000))
    await kafka.start(broker)
  }
}
