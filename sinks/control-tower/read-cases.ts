/** What is asked of the read model about cases and troubles. */
import type { Case, CaseKind, CaseState, Severity } from '../../schemas/generated/events.ts'
import type { SQLInputValue } from 'node:sqlite'
import type { Phase } from './read-shipments.ts'
import type { Snapshot } from './reader.ts'
import type { Trouble } from './troubles.ts'

export interface CaseFilter {
  readonly state?: readonly CaseState[] | undefined
  readonly kind?: readonly CaseKind[] | undefined
  readonly severity?: readonly Severity[] | undefined
  readonly shipmentId?: string | undefined
}
/** Where a page of cases ended. */
export interface CasePlace {
  readonly openedAt: number
  readonly caseId: string
}

/** The cases after a place, the newest first. */
export function casesAfter(at: Snapshot, filter: CaseFilter, after: CasePlace | undefined, limit: number): Case[] {
  const wheres: string[] = []
  const values: SQLInputValue[] = []
  const oneOf = (column: string, among: readonly string[] | undefined) => {
    if (!among) return
    wheres.push(`${column} IN (${among.map(() => '?').join(', ')})`)
    values.push(...among)
  }
  oneOf('state', filter.state)
  oneOf('kind', filter.kind)
  oneOf('severity', filter.severity)
  oneOf('shipment_id', filter.shipmentId === undefined ? undefined : [filter.shipmentId])
  if (after) {
    wheres.push('(opened_at, case_id) < (?, ?)')
    values.push(after.openedAt, after.caseId)
  }
  const where = wheres.length > 0 ? `WHERE ${wheres.join(' AND ')}` : ''
  const rows = at.all<{ value: string }>(
    `SELECT value FROM cases ${where} ORDER BY opened_at DESC, case_id DESC LIMIT ?`,
    ...values,
    limit,
  )
  return rows.map(({ value }) => JSON.parse(value) as Case)
}

export function caseById(at: Snapshot, caseId: string): Case | undefined {
  const row = at.get<{ value: string }>('SELECT value FROM cases WHERE case_id = ?', caseId)
  return row && (JSON.parse(row.value) as Case)
}

export interface Overview {
  readonly phases: Readonly<Record<Phase, number>>
  readonly withOpenCases: number
  readonly openCases: Readonly<Record<Severity, number>>
}

/** How many shipments and open cases there are. */
export function overview(at: Snapshot): Overview {
  const counts = (sql: string) =>
    Object.fromEntries(at.all<{ name: string; n: number }>(sql).map(({ name, n }) => [name, n]))
  return {
    phases: {
      ...{ planned: 0, under_way: 0, delivered: 0, cancelled: 0 },
      ...counts('SELECT phase AS name, count(*) AS n FROM shipments WHERE NOT retracted GROUP BY phase'),
    },
    withOpenCases:
      at.get<{ n: number }>('SELECT count(*) AS n FROM shipments WHERE open_cases > 0 AND NOT retracted')?.n ?? 0,
    openCases: {
      ...{ low: 0, medium: 0, high: 0 },
      ...counts(
        `SELECT severity AS name, count(*) AS n FROM cases WHERE state IN ('open', 'acknowledged') GROUP BY severity`,
      ),
    },
  }
}

export interface Troubles {
  readonly count: number
  /** The newest first. */
  readonly last: readonly (Trouble & { readonly eventId: string })[]
}

/** Of one topic: `refused.v1`, `late.v1` or `dead-letter.v1`. */
export function troublesOf(at: Snapshot, topic: string, limit: number): Troubles {
  const rows = at.all<{ eventId: string; value: string }>(
    'SELECT event_id AS eventId, value FROM troubles WHERE topic = ? ORDER BY received_at DESC, event_id DESC LIMIT ?',
    topic,
    limit,
  )
  return {
    count: at.get<{ n: number }>('SELECT coalesce(sum(n), 0) AS n FROM trouble_counts WHERE topic = ?', topic)?.n ?? 0,
    last: rows.map(({ eventId, value }) => ({ eventId, ...(JSON.parse(value) as Trouble) })),
  }
}
