/** What people read in Odoo: titles, evidence and notes, made of records. */
import { words } from '../../odoo/module/fields.ts'
import type { Case } from '../../schemas/generated/events.ts'
import type { Instant } from '../../streams/time.ts'

/** As `load` reads it where the context's time zone is UTC; whole seconds. */
export const odooTime = (at: Instant | null): string =>
  at === null ? '' : new Date(at).toISOString().slice(0, 19).replace('T', ' ')

export const titleOf = ({ kind, stopId, subjectKind, subjectId }: Case): string => {
  const about = stopId ?? (subjectKind === 'shipment' ? null : subjectId)
  return about === null ? words(kind) : `${words(kind)}: ${about}`
}

/** The evidence, a line a fact; what is no object is shown as it is. */
export function evidenceOf({ evidence }: Pick<Case, 'evidence'>): string {
  const facts = parsed(evidence)
  if (facts === undefined) return evidence
  return Object.entries(facts)
    .map(([name, value]) => `${words(spaced(name))}: ${shown(value)}`)
    .join('\n')
}

export const notesOf = ({ notes }: Pick<Case, 'notes'>): string =>
  notes.map(({ by, at, text }) => `${minuteOf(at)} ${by}: ${text}`).join('\n')

/** `positions:95BXK7` → `positions of 95BXK7`; a carrier is called by its name. */
export const claimantOf = (claimedBy: string): string => {
  const [kind = '', ...who] = claimedBy.split(':')
  return kind === 'positions' ? `positions of ${who.join(':')}` : who.join(':') || kind
}

const minuteOf = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
/** `minutesLate` → `minutes_late`, `distanceM` → `distance_m`. */
const spaced = (name: string): string => name.replaceAll(/(?<=[a-z\d])[A-Z]/g, letter => `_${letter.toLowerCase()}`)

function parsed(evidence: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(evidence)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/
function shown(value: unknown): string {
  if (typeof value === 'string') return ISO.test(value) ? minuteOf(Date.parse(value)) : value
  if (Array.isArray(value)) return value.map(shown).join(', ')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([name, inner]) => `${spaced(name).replaceAll('_', ' ')} ${shown(inner)}`)
    .join(', ')
}
