import type { SchemaIds } from '../../schemas/codec.ts'
import type { DeadLetter } from '../../schemas/generated/events.ts'
import { deadLetters } from '../../schemas/topics.ts'
import type { Event, Wire } from '../../streams/event.ts'
import { LogUnavailable, type Recorded } from '../../streams/log/log.ts'
import type { AnyTopic } from '../../streams/topic.ts'

const ID_AT = 1
const HEAD = 5

/**
 * A record's bytes with the number that its schema has in another log. What is not in the wire's format, or of a schema
 * that nobody knows, stays as it is: there it will be what it was here.
 */
export function restamping(from: SchemaIds, to: SchemaIds): (value: Uint8Array) => Uint8Array {
  const known = new Map<number, number>()
  const becomes = (id: number): number => {
    let other = known.get(id)
    if (other === undefined) known.set(id, (other = numberIn(to, from.localIdOf(id)) ?? id))
    return other
  }
  return value => {
    if (value.length < HEAD || value[0] !== 0) return value
    const was = Buffer.from(value.buffer, value.byteOffset, value.byteLength).readInt32BE(ID_AT)
    const id = becomes(was)
    if (id === was) return value
    const stamped = Buffer.from(value)
    stamped.writeInt32BE(id, ID_AT)
    return stamped
  }
}

/**
 * The same of a dead letter, and of the record that it holds: or nobody could put that back. `from` and `to` are how the
 * two logs' records are written.
 */
export function restampingLetters(
  from: Wire,
  to: Wire,
  restamp: (value: Uint8Array) => Uint8Array,
): (letter: Recorded) => Uint8Array {
  return ({ value, cause }) => {
    let letter: Event<DeadLetter>
    try {
      letter = from.open(deadLetters as AnyTopic, value, cause)
    } catch (error) {
      if (error instanceof LogUnavailable) throw error
      // It is none, and will be none there.
      return restamp(value)
    }
    const raw = restamp(letter.value.raw)
    if (raw === letter.value.raw) return restamp(value)
    return to.seal(deadLetters as AnyTopic, letter, deadLetters.codec.encode({ ...letter.value, raw }))
  }
}

function numberIn(ids: SchemaIds, local: number): number | undefined {
  try {
    return ids.registryIdOf(local)
  } catch {
    return undefined
  }
}
