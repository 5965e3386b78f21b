/** A record as `web_search_read` brings it, and the fact that it is to us. */
import type { OdooChange } from '../../schemas/generated/events.ts'
import { digest } from '../../streams/event.ts'
import { days, type Instant } from '../../streams/time.ts'
import { anyOf, type Domain } from './models.ts'

export interface OdooRow {
  readonly id: number
  readonly [field: string]: unknown
}

/** Of whom and when: what the row itself does not say. */
export interface ReadAs {
  readonly database: string
  readonly model: string
  readonly revision: number
  /** When it was read, by our clock. */
  readonly readAt: Instant
}

/** When a record was last written, as the API writes times: UTC, whole seconds. Null where it never was, by Odoo. */
export const writeDateOf = ({ write_date }: OdooRow): string | null =>
  typeof write_date === 'string' ? write_date.slice(0, 19) : null

/** What the row says, but for when it was written: two rows with one hash say the same. */
export const hashOf = (row: OdooRow): string => digest(canonical(row, name => name !== 'write_date'))

export function changeOf(row: OdooRow, { database, model, revision, readAt }: ReadAs): OdooChange {
  const written = instantOf(writeDateOf(row))
  return {
    occurredAt: latest(row) ?? readAt,
    ...{ database, model, id: row.id, revision },
    writeDate: written ?? null,
    companyId: companyOf(row['company_id']),
    active: row['active'] !== false,
    deleted: false,
    row: canonical(row),
  }
}

/** It is not there any more: nobody says since when. */
export const deletionOf = (id: number, { database, model, revision, readAt }: ReadAs): OdooChange => ({
  occurredAt: readAt,
  ...{ database, model, id, revision },
  ...{ writeDate: null, companyId: null, active: false, deleted: true, row: 'null' },
})

export const isRow = (row: unknown): row is OdooRow => Number.isSafeInteger((row as OdooRow | null)?.id)

/** Pickings that have been done for longer are over, whatever happens to what they point to. */
const DONE_FOR_MS = days(30)
/** Of pickings those that are not. */
export const watchedAt = (now: number): Domain =>
  anyOf([
    ['date_done', '=', false],
    ['date_done', '>=', odooTime(now - DONE_FOR_MS)],
  ])
/** Done, or cancelled, for longer than anything of it can change what was told. */
export function isOver(row: OdooRow, now: number): boolean {
  const { state, date_done } = row
  if (state !== 'done' && state !== 'cancel') return false
  const since = instantOf(state === 'done' && typeof date_done === 'string' ? date_done : writeDateOf(row))
  return since !== undefined && since < now - DONE_FOR_MS
}

/** JSON with the names in order; `keep` says which. */
function canonical(value: unknown, keep: (name: string) => boolean = () => true): string {
  if (Array.isArray(value)) return `[${value.map(one => canonical(one, keep)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .filter(([name]) => keep(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one, keep)}`).join(',')}}`
}

/** The latest write_date of the record and of what it brings along. */
function latest(row: object): Instant | undefined {
  let last = instantOf(writeDateOf(row as OdooRow))
  for (const member of Object.values(row)) {
    const within = typeof member === 'object' && member !== null ? latest(member as object) : undefined
    if (within !== undefined && (last === undefined || within > last)) last = within
  }
  return last
}

/** A many2one is its id, or an object with it, or false. */
function companyOf(company: unknown): string | null {
  const id = typeof company === 'object' && company !== null ? (company as { id?: unknown }).id : company
  return typeof id === 'number' ? String(id) : null
}

/** `2026-11-23 08:16:05`, which is UTC whatever the user's time zone. */
export function instantOf(text: string | null): Instant | undefined {
  if (text === null || !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return undefined
  const at = Date.parse(`${text.replace(' ', 'T')}Z`)
  return Number.isNaN(at) ? undefined : (at as Instant)
}

/** As a domain wants it. */
export const odooTime = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ')

/** The latest of the page's write_dates and the cursor. */
export function lastOf(page: readonly OdooRow[], cursor: string | null): string | null {
  const dates = page.map(writeDateOf).filter(date => date !== null)
  return [...dates, ...(cursor === null ? [] : [cursor])].sort().at(-1) ?? null
}

/** So much later, or earlier. */
export const shifted = (time: string, byMs: number): string => odooTime((instantOf(time) ?? 0) + byMs)
