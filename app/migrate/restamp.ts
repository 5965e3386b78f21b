import type { SchemaIds } from '../../schemas/codec.ts'

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

function numberIn(ids: SchemaIds, local: number): number | undefined {
  try {
    return ids.registryIdOf(local)
  } catch {
    return undefined
  }
}
