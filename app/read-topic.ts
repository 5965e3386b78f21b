import type { Event } from '../streams/event.ts'
import type { Recorded } from '../streams/log/log.ts'
import { partitionOf } from '../streams/partition.ts'
import type { Topic } from '../streams/topic.ts'
import type { Opened } from './open-log.ts'

/** Every record of a topic that the log still holds (or those of one key), in the order of each partition. */
export async function* readAll<V>(
  { log, wire }: Opened,
  topic: Topic<string, V>,
  key?: string,
): AsyncGenerator<{ readonly event: Event<V>; readonly record: Recorded }> {
  const count = log.partitionsOf(topic.name)
  const partitions = key === undefined ? Array.from({ length: count }, (_, n) => n) : [partitionOf(key, count)]
  for (const n of partitions) {
    let { start: next } = await log.bounds(topic.name, n)
    for (;;) {
      const records = await log.read(topic.name, n, next, { records: 1_000, bytes: 1_000_000 })
      const last = records.at(-1)
      if (!last) break
      for (const record of records)
        if (key === undefined || record.key === key)
          yield { event: wire.open(topic, record.value, record.cause), record }
      next = last.offset + 1
    }
  }
}
