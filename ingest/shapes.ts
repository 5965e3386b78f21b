/** What the documents that come in are made of, and what zod has to say about them in our words. */
import { z } from 'zod'
import type { Instant } from '../streams/time.ts'
import { type Fault, inside, MAX_REASON_CHARS } from './adapter.ts'
import { INSTANT_EXPECTED, parseInstant } from './instant.ts'
import { ID_EXPECTED, isId, MAX_ID_CHARS } from './text.ts'

export const id = z
  .string()
  .min(1)
  .max(MAX_ID_CHARS)
  .refine(text => isId(text), ID_EXPECTED)

/** An ISO 8601 text, read. */
export const instant = z
  .string()
  .meta({ format: 'date-time', examples: ['2026-03-01T12:00:00Z'] })
  .transform((text, context): Instant => {
    const at = parseInstant(text)
    if (at !== undefined) return at
    context.addIssue({ code: 'custom', message: INSTANT_EXPECTED })
    return z.NEVER
  })

/** Of a thing that may be absent; null says the same. */
export const orNull = <S extends z.ZodType>(shape: S) =>
  shape.nullish().transform((value): z.output<S> | null => value ?? null)

/** The scheme and the value are joined by a bar, so the scheme holds none. */
export const reference = z.strictObject({
  scheme: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
    .describe('What kind of number: bol, container, po, odoo.picking, …'),
  value: id.describe('The number'),
})

/** In event mode a record may also say when it was received; else that field is unknown, and nobody said. */
export const receivedAtToo = { receivedAt: orNull(instant) }
export const withoutReceivedAt = <V extends object>(value: V): V & { readonly receivedAt: Instant | null } => ({
  ...value,
  receivedAt: null,
})

/** At least one, in the order of the document. */
export function faultsOf(error: z.ZodError, root: string): readonly [Fault, ...Fault[]] {
  const faults = error.issues.flatMap((issue): Fault[] => {
    const at = issue.path.reduce<string>((path, key) => inside(path, key), root)
    return issue.code === 'unrecognized_keys'
      ? issue.keys.map(key => ({ reason: 'unknown field', at: inside(at, key) }))
      : [{ reason: issue.message.replace(/^Invalid input: /, '').slice(0, MAX_REASON_CHARS), at }]
  })
  const [first = { reason: 'not understood', at: root }, ...others] = faults
  return [first, ...others.slice(0, 99)]
}
