import { localWire } from '../schemas/codec.ts'
import type { Event } from '../streams/event.ts'
import type { Log, Recorded } from '../streams/log/log.ts'
import type { Topic } from '../streams/topic.ts'

/** Every record of a topic that the log still holds (or of one partition of it), in the order of each partition. */
export async function* readAll<V>(
  log: Log,
  topic: Topic<string, V>,
  partition?: number,
): AsyncGenerator<{ readonly event: Event<V>; readonly record: Recorded }> {
  const partitions =
    partition === undefined ? Array.from({ length: log.partitionsOf(topic.name) }, (_, n) => n) : [partition]
  for (const n of partitions) {
    let { start: next } = await log.bounds(topic.name, n)
    for (;;) {
      const records = await log.read(topic.name, n, next, { records: 1_000, bytes: 1_000_000 })
      if (records.length === 0) break
      for (const record of records) yield { event: localWire.open(topic, record.value, record.cause), record }
      next += records.length
    }
  }
}
