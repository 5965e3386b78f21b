/** Of each fact of a batch what was said last: one writer says it, in revisions that rise. */
import type { Event } from '../../streams/event.ts'

interface Revised {
  readonly revision: number
}

export function newest<V extends Revised>(
  events: readonly Event<V>[],
  identityOf: (value: V) => string,
): ReadonlyMap<string, Event<V>> {
  const last = new Map<string, Event<V>>()
  for (const event of events) {
    const id = identityOf(event.value)
    if ((last.get(id)?.value.revision ?? -1) <= event.value.revision) last.set(id, event)
  }
  return last
}
