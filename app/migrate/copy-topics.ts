/** Records from one log into another, and a look whether they are all there, once, and in their order. */
import { partitionOf } from '../../streams/partition.ts'
import { each } from '../../streams/together.ts'
import { countOf, differencesOf } from '../copy/tally.ts'
import { TopicReader } from '../copy/topic-reader.ts'
import type { OurLog } from '../open-log.ts'
import type { Book, Page, Reached } from './book.ts'
import { Counting } from './counting.ts'
import { MigrationRefused } from './refused.ts'

export interface Copying {
  readonly source: OurLog
  readonly target: OurLog
  readonly book: Book
  readonly restamp: (value: Uint8Array) => Uint8Array
  readonly until: AbortSignal
  /** Hears of records that have been copied. */
  readonly told: (records: number, bytes: number) => void
}

/** Copy a topic up to what there is now. */
export async function copyTopic(topic: string, { source, target, book, restamp, until, told }: Copying): Promise<void> {
  const between = { from: source.partitionsOf(topic), to: target.partitionsOf(topic) }
  const was = book.of(topic, 'copied')
  const counting = new Counting(between, true, was)
  const reader = await TopicReader.of(source, topic, was?.positions)
  try {
    let next = reader.next(until)
    for (let chunk = await next; chunk; chunk = await next) {
      // Read on while it is written.
      next = reader.next(until)
      next.catch(() => undefined)
      const { records, bytes } = chunk
      const reached = counting.add(chunk)
      const copies = records.map(({ key, value, cause }) => ({
        ...{ topic, partition: partitionOf(key, between.to), key, cause },
        value: restamp(value),
      }))
      await book.write(copies, [{ topic, column: 'copied', reached }])
      told(records.length, bytes)
    }
  } finally {
    reader.close()
  }
}

/**
 * Read what has been copied, from where the last look ended, and compare. Resolves to how many records of each topic there
 * are. Throws `MigrationRefused`.
 */
export async function checkTopics(
  topics: readonly string[],
  copying: Copying,
): Promise<Readonly<Record<string, number>>> {
  const { book } = copying
  const pages = await each(topics, topic => pageOf(topic, copying))
  const news = pages.flatMap(page => page ?? [])
  if (news.length > 0) await book.write([], news)
  return Object.fromEntries(topics.map(topic => [topic, agreed(topic, book)]))
}

/** What is there; undefined: no more than at the last look. */
async function pageOf(topic: string, { source, target, book, until }: Copying): Promise<Page | undefined> {
  const between = { from: source.partitionsOf(topic), to: target.partitionsOf(topic) }
  const was = book.of(topic, 'checked')
  const counting = new Counting(between, false, was)
  const reader = await TopicReader.of(target, topic, was?.positions)
  let reached: Reached | undefined
  try {
    for (let chunk = await reader.next(until); chunk; chunk = await reader.next(until)) reached = counting.add(chunk)
  } finally {
    reader.close()
  }
  return reached && { topic, column: 'checked', reached }
}

function agreed(topic: string, book: Book): number {
  const [copied, checked] = [book.of(topic, 'copied'), book.of(topic, 'checked')]
  const pairs = copied?.pairs ?? []
  const [wrong] = differencesOf(pairs, checked?.pairs ?? [], (copied?.misplaced ?? 0) > 0)
  const more = countOf(checked?.pairs ?? []) - countOf(pairs)
  if (wrong !== undefined || more !== 0)
    throw new MigrationRefused(
      `${topic} is not what was copied (${wrong ?? `${more} records too many`}): somebody else has written to it; begin anew with another MILEPOST_NAMESPACE, or MILEPOST_DATA`,
    )
  return countOf(pairs)
}
