/** What was not understood, came too late or could not be handled: the last of each, and how many by whom. */
import type { DeadLetter, Late, Refused } from '../../schemas/generated/events.ts'
import { deadLetters, lates, refusals } from '../../schemas/topics.ts'
import type { Event } from '../../streams/event.ts'
import type { Sink } from '../../streams/sink.ts'
import type { Topic } from '../../streams/topic.ts'
import { KEPT } from './schema.ts'
import type { Views } from './views.ts'

/** A trouble as it is kept; the raw bytes stay in the log. */
export interface Trouble {
  /** The adapter, processor or sink that found it. */
  readonly foundBy: string
  readonly occurredAt: number
  readonly reason: string
  /** Where: a JSON path in the payload, a place in the log, or a topic. */
  readonly at: string
  readonly key: string | null
}

const PUT = 'INSERT INTO troubles VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING'
const COUNT = 'INSERT INTO trouble_counts VALUES (?1, ?2, 1) ON CONFLICT DO UPDATE SET n = n + 1'
const OLD = `DELETE FROM troubles WHERE topic = ?1 AND (received_at, event_id) <
  (SELECT received_at, event_id FROM troubles WHERE topic = ?1 ORDER BY received_at DESC, event_id DESC LIMIT 1 OFFSET ${KEPT.troubles - 1})`
const FIRST_TIME = 'INSERT INTO counted_batches (sink, token) VALUES (?, ?) ON CONFLICT DO NOTHING'
const OLD_BATCHES = `DELETE FROM counted_batches WHERE sink = ?1 AND id <
  (SELECT id FROM counted_batches WHERE sink = ?1 ORDER BY id DESC LIMIT 1 OFFSET ${KEPT.batches - 1})`

/**
 * A count is the one thing here that repeating would change: a batch counts once, by its token, and in another batch a
 * record that is still kept does not count again.
 */
const troubleSink =
  <V>(name: string, reads: Topic<string, V>, troubleOf: (value: V) => Omit<Trouble, 'occurredAt'>) =>
  (views: Views): Sink<V> => ({
    name: `control-tower/${name}`,
    reads,
    // eslint-disable-next-line @typescript-eslint/require-await -- SQLite answers at once
    async write({ token, events }) {
      views.write(() => {
        if (views.sql(FIRST_TIME).run(name, token).changes === 0) return
        for (const event of events) put(views, reads.name, event, troubleOf(event.value))
        views.sql(OLD).run(reads.name)
        views.sql(OLD_BATCHES).run(name)
      })
    },
  })

function put(views: Views, topic: string, event: Event<unknown>, trouble: Omit<Trouble, 'occurredAt'>): void {
  const kept: Trouble = { ...trouble, occurredAt: event.occurredAt }
  const { changes } = views.sql(PUT).run(topic, event.receivedAt, event.eventId, JSON.stringify(kept))
  if (changes > 0) views.sql(COUNT).run(topic, trouble.foundBy)
}

export const refusalsSink = troubleSink<Refused>('refusals', refusals, ({ adapter, reason, at }) => ({
  foundBy: adapter,
  reason,
  at,
  key: null,
}))
export const latesSink = troubleSink<Late>('lates', lates, ({ processor, topic, key, reason }) => ({
  foundBy: processor,
  reason,
  at: topic,
  key,
}))
export const deadLettersSink = troubleSink<DeadLetter>(
  'dead-letters',
  deadLetters,
  ({ hop, topic, partition, offset, key, reason }) => ({
    foundBy: hop,
    reason,
    at: `${topic}/${partition}/${offset}`,
    key,
  }),
)
