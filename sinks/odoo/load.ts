/**
 * Writes rows by Odoo's `load`: each under an external id, so that the same row twice is one record. A call is one
 * transaction, all rows or none, and says what went wrong with status 200: `ids` is false then, with messages.
 */
import { MODULE } from '../../odoo/names.ts'
import { Unavailable, Unwritable } from '../../streams/sink.ts'
import type { OdooGate } from './gate.ts'

export interface Row {
  /** External id, without the module's name. */
  readonly id: string
  /** The record of the log that is given up if this row can't ever be written. */
  readonly eventId: string
  /** By field; of a many2one its id under `FIELD/.id`. All rows have the same fields. Empty: nothing. */
  readonly values: Readonly<Record<string, string>>
}
interface Loaded {
  readonly ids: readonly number[] | false
  readonly messages: readonly Message[]
}
interface Message {
  readonly type: string
  readonly message: string
  readonly record?: number
  readonly field?: string
}

export const ROWS_PER_CALL = 100
const AGAIN_MS = 500

/** Times in UTC, messages as we know them, and nobody is written to: no log in the chatter, no followers, no e-mail. */
export const QUIETLY = {
  ...{ tz: 'UTC', lang: 'en_US' },
  ...{ tracking_disable: true, mail_notrack: true, mail_create_nolog: true, mail_create_nosubscribe: true },
  ...{ mail_auto_subscribe_no_notify: true, mail_activity_quick_update: true },
  // An upgrade of the module has nothing to do with our records.
  noupdate: true,
}

/** Of two that write at once one fails; it succeeds when it comes again. */
const PASSES =
  /could not serialize|deadlock|duplicate key|concurrent update|already exists|must be unique|transaction is aborted|follow.* twice|timeout|terminating connection|connection (?:has been|already) closed|server closed the connection/i
/** What no row is to blame for: the user lacks a right. */
const REFUSED = /^(?:.*AccessError.*: )?You are not allowed to /

/**
 * Write them all. `links`: fields without which a row is still worth writing; it goes without one that leads nowhere.
 * Rejects with `Unavailable`, or with `Unwritable` of the first row that can't be written.
 */
export async function load(
  gate: OdooGate,
  model: string,
  rows: readonly Row[],
  links: readonly string[] = [],
): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_PER_CALL)
    await loadAll(gate, model, rows.slice(from, from + ROWS_PER_CALL), links)
}

async function loadAll(gate: OdooGate, model: string, given: readonly Row[], links: readonly string[]): Promise<void> {
  let rows = given
  while (rows.length > 0) {
    const errors = await tried(gate, model, rows)
    if (errors.length === 0) return
    const [first] = errors
    if (errors.some(({ message }) => PASSES.test(message)))
      throw new Unavailable(`Odoo: ${first?.message.trim() ?? ''}`, AGAIN_MS)
    if (errors.some(({ message }) => REFUSED.test(message)))
      throw gate.refuse(`Odoo refuses to write ${model}: ${first?.message.split('\n', 1)[0] ?? ''}`)
    const unlinked = withoutDeadLinks(rows, errors, links)
    rows = unlinked ?? (await withoutTheGuilty(gate, model, rows, errors))
  }
}

/** The rows without the links that lead nowhere; undefined: it is not about links. */
function withoutDeadLinks(
  rows: readonly Row[],
  errors: readonly Message[],
  links: readonly string[],
): readonly Row[] | undefined {
  const dead = new Map<number, Set<string>>()
  for (const { record, field = '' } of errors) {
    const row = record === undefined ? undefined : rows[record]
    const column = `${field}/.id`
    if (record === undefined || !row || !links.includes(field) || (row.values[column] ?? '') === '') continue
    dead.set(record, (dead.get(record) ?? new Set()).add(column))
  }
  if (dead.size === 0) return undefined
  return rows.map((row, n) => {
    const gone = [...(dead.get(n) ?? [])].map(column => [column, ''] as const)
    return gone.length === 0 ? row : { ...row, values: { ...row.values, ...Object.fromEntries(gone) } }
  })
}

/**
 * A message may blame a row for what another did, so each is tried alone: who fails alone is guilty. Those that were
 * written alone need not be written again.
 */
async function withoutTheGuilty(
  gate: OdooGate,
  model: string,
  rows: readonly Row[],
  errors: readonly Message[],
): Promise<readonly Row[]> {
  const suspects = [...new Set(errors.flatMap(({ record }) => rows[record ?? -1] ?? []))]
  if (suspects.length === 0) throw new Unavailable(`Odoo: ${errors[0]?.message.trim() ?? ''}`, AGAIN_MS)
  for (const row of suspects) {
    const [error] = rows.length === 1 ? errors : await tried(gate, model, [row])
    if (!error) continue
    if (PASSES.test(error.message)) throw new Unavailable(`Odoo: ${error.message.trim()}`, AGAIN_MS)
    throw new Unwritable(`Odoo: ${error.message.trim()}`, row.eventId)
  }
  return rows.filter(row => !suspects.includes(row))
}

/** The errors; none: all rows are written. */
async function tried(gate: OdooGate, model: string, rows: readonly Row[]): Promise<readonly Message[]> {
  const columns = Object.keys(rows[0]?.values ?? {})
  const body = {
    fields: ['id', ...columns],
    data: rows.map(({ id, values }) => [`${MODULE}.${id}`, ...columns.map(column => values[column] ?? '')]),
    context: QUIETLY,
  }
  const { ids, messages } = await gate.call<Loaded>(model, 'load', body)
  if (ids !== false && ids.length === rows.length) return []
  const errors = messages.filter(({ type }) => type === 'error')
  // Neither written nor said why: nobody is to blame.
  if (errors.length === 0) throw new Unavailable(`Odoo wrote ${model} not, and did not say why`, AGAIN_MS)
  return errors
}
