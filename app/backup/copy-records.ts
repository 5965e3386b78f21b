/** The records of a log on Kafka that were there at one moment, into the log of a backup, and a look whether they are. */
import { localWire } from '../../schemas/codec.ts'
import { deadLetters } from '../../schemas/topics.ts'
import { type Log, place, type Recorded } from '../../streams/log/log.ts'
import { restamping, restampingLetters } from '../copy/restamp.ts'
import { checksumOf, type Pairs, Tally } from '../copy/tally.ts'
import { TopicReader } from '../copy/topic-reader.ts'
import { type KafkaEnd, LOCAL_IDS, type OurLog } from '../open-log.ts'
import { BackupRefused } from './refused.ts'
import { Renumbering } from './renumbering.ts'

export type Cut = Awaited<ReturnType<KafkaEnd['log']['cut']>>
/** By `topic/partition`: where the copy has what a task is to read next. */
export type Renumbered = ReadonlyMap<string, Renumbering>

export interface Copying {
  readonly source: KafkaEnd
  readonly cut: Cut
  /** The log of the backup. */
  readonly copy: OurLog
  readonly until: AbortSignal
  /** Hears of so many more records. */
  readonly told: (records: number) => void
}

/** For all partitions of the moment: what is asked for is where some task was. */
export function renumberingOf({ bounds, checkpoints }: Cut): Renumbered {
  const wanted = new Map([...bounds.keys()].map(at => [at, new Set<number>()]))
  for (const { offsets } of checkpoints.values())
    for (const [at, offset] of Object.entries(offsets)) wanted.get(at)?.add(offset)
  return new Map([...wanted].map(([at, offsets]) => [at, new Renumbering(offsets)]))
}

/**
 * Copy a topic as it was then, each partition in its order. What the retention lets go of meanwhile is not in it. Resolves
 * to what was written.
 */
export async function copyTopic(topic: string, copying: Copying, renumbered: Renumbered): Promise<Pairs> {
  const { source, cut, copy, until, told } = copying
  const count = source.log.partitionsOf(topic)
  const ends = Array.from({ length: count }, (_, n) => {
    const { start, end } = cut.bounds.get(place(topic, n)) ?? { start: 0, end: 0 }
    return start < end ? end : 0
  })
  const valueOf = valuesOf(topic, source)
  const tally = new Tally(count, count)
  const reader = await TopicReader.of(source.log, topic, undefined, ends)
  try {
    for (let chunk = await reader.next(until); chunk; chunk = await reader.next(until)) {
      const copies = chunk.records.map(record => ({ ...record, value: valueOf(record) }))
      await copy.append(copies)
      for (const { partition, offset, ...record } of copies) {
        tally.add(partition, partition, checksumOf(record))
        renumbered.get(place(topic, partition))?.pass(offset)
      }
      told(copies.length)
    }
  } finally {
    reader.close()
  }
  return tally.pairs()
}

function valuesOf(topic: string, { wire, ids }: KafkaEnd): (record: Recorded) => Uint8Array {
  const restamp = restamping(ids, LOCAL_IDS)
  return topic === deadLetters.name ? restampingLetters(wire, localWire, restamp) : ({ value }) => restamp(value)
}

/** Throws `BackupRefused` if a processor had something to read then that was let go of before it was copied. */
export async function refuseGone(processorTasks: readonly string[], { source, cut }: Copying): Promise<void> {
  for (const task of processorTasks)
    for (const [at, offset] of Object.entries(cut.checkpoints.get(task)?.offsets ?? {})) {
      const then = cut.bounds.get(at)
      if (!then) continue
      const slash = at.lastIndexOf('/')
      const { start } = await source.log.bounds(at.slice(0, slash), Number(at.slice(slash + 1)))
      if (Math.max(offset, then.start) < Math.min(start, then.end))
        throw new BackupRefused(
          `the retention took records of ${at} while it was copied that ${task} had not read yet: try again, or keep them for longer (MILEPOST_RETENTION_HOURS)`,
        )
    }
}

/** What there is of a topic. */
export async function pairsOf(topic: string, log: Log, { until, told }: Copying): Promise<Pairs> {
  const count = log.partitionsOf(topic)
  const tally = new Tally(count, count)
  const reader = await TopicReader.of(log, topic)
  try {
    for (let chunk = await reader.next(until); chunk; chunk = await reader.next(until)) {
      for (const record of chunk.records) tally.add(record.partition, record.partition, checksumOf(record))
      told(chunk.records.length)
    }
  } finally {
    reader.close()
  }
  return tally.pairs()
}
