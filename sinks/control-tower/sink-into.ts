import type { Event } from '../../streams/event.ts'
import type { Sink } from '../../streams/sink.ts'
import type { Topic } from '../../streams/topic.ts'
import type { Note, Views } from './views.ts'

/** What an event does to the rows; it notes what it changed. */
export type Put<V> = (event: Event<V>) => void

/**
 * A sink into the read model: one batch, one transaction. `prepare` is called once a batch and returns what is done for
 * each event.
 */
export const sinkInto =
  <V>(name: string, reads: Topic<string, V>, prepare: (views: Views, note: Note) => Put<V>) =>
  (views: Views): Sink<V> => ({
    name: `control-tower/${name}`,
    reads,
    // eslint-disable-next-line @typescript-eslint/require-await -- SQLite answers at once
    async write({ events }) {
      views.write(note => {
        const put = prepare(views, note)
        for (const event of events) put(event)
      })
    },
  })

/**
 * `INSERT … ON CONFLICT`: the highest revision holds, and of one revision (which has one writer, so this is but a
 * precaution) the highest event_id. Columns in the order of their values; `key` are those of the primary key.
 */
export function keepHighest(
  table: string,
  key: readonly string[],
  columns: readonly string[],
  order = ['revision', 'event_id'],
): string {
  const rest = columns.filter(column => !key.includes(column))
  const row = (name: string) => `(${order.map(column => `${name}.${column}`).join(', ')})`
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${rest.map(column => `${column} = excluded.${column}`).join(', ')}
    WHERE ${row('excluded')} > ${row(table)}`
}

export const flag = (yes: boolean): 0 | 1 => (yes ? 1 : 0)
