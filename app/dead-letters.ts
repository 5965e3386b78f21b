/** What could not be handled: what lies there, and putting it back. */
import type { DeadLetter } from '../schemas/generated/events.ts'
import { audits, deadLetters } from '../schemas/topics.ts'
import type { Event } from '../streams/event.ts'
import type { Outgoing } from '../streams/log/log.ts'
import { outgoing } from '../streams/outgoing.ts'
import { partitionOf } from '../streams/partition.ts'
import type { Instant } from '../streams/time.ts'
import type { AnyTopic } from '../streams/topic.ts'
import type { Opened } from './open-log.ts'
import { readAll } from './read-topic.ts'

type Where = Pick<Opened, 'log' | 'wire'>

const REPLAYED = 'dead-letter.replayed'
/** `number`: its offset. `replayed`: it was put back before. */
export type Letter = Event<DeadLetter> & { readonly number: number; readonly replayed: boolean }

/** Every dead letter that the log still holds, the oldest first, numbered by its offset. */
export async function lettersIn(opened: Where): Promise<Letter[]> {
  const replayed = new Set<string>()
  for await (const { event } of readAll(opened, audits))
    // By its id: in another log another letter may lie at that place.
    if (event.value.action === REPLAYED && event.cause !== null) replayed.add(event.cause)
  const all: Letter[] = []
  for await (const { event, record } of readAll(opened, deadLetters))
    all.push({ ...event, number: record.offset, replayed: replayed.has(event.eventId) })
  return all
}

/** Put a record back where it lay, and note in the same append who did: a second replay finds the note. */
export async function replayLetter({ log, wire }: Where, letter: Letter, now: Instant, actor: string): Promise<void> {
  const { topic, key, raw, recordCause } = letter.value
  // Its key's partition may be another by now.
  const partition = partitionOf(key, log.partitionsOf(topic))
  const back: Outgoing = { topic, partition, key, value: raw, cause: recordCause }
  const note = outgoing(
    wire,
    log.partitionsOf,
    audits as AnyTopic,
    { occurredAt: now, actor, action: REPLAYED, target: deadLetters.identityOf(letter.value), detail: null } as {
      occurredAt: Instant
    },
    { source: actor, emittedAt: null, receivedAt: now, cause: letter.eventId },
  )
  await log.append([back, note])
}
