/** What has changed in the read model since one looked: how things stand now, not how they came to. */
import type { Snapshot } from './reader.ts'
import type { Changing } from './views.ts'

/** Where one has read to. `made`: a read model that was made anew counts anew. */
export interface ChangePlace {
  readonly made: string
  readonly seq: number
}

/** The end of the changes. */
export function changesEnd(at: Snapshot): ChangePlace {
  const made = at.get<{ value: string }>(`SELECT value FROM meta WHERE name = 'made'`)?.value ?? ''
  return { made, seq: at.get<{ seq: number }>('SELECT max(seq) AS seq FROM changes')?.seq ?? 0 }
}

export interface Changes {
  readonly vehicles: ReadonlySet<string>
  readonly shipments: ReadonlySet<string>
  readonly cases: ReadonlySet<string>
  /** Up to here; less than the end where there was more than the limit. */
  readonly until: number
}

/** The ids of what has changed after a number, the oldest change first, at most so many. */
export function changesAfter(at: Snapshot, seq: number, limit: number): Changes {
  const found: Record<Changing, Set<string>> = { vehicle: new Set(), shipment: new Set(), case: new Set() }
  let until = seq
  const rows = at.all<{ seq: number; what: Changing; id: string }>(
    'SELECT seq, what, id FROM changes WHERE seq > ? ORDER BY seq LIMIT ?',
    ...[seq, limit],
  )
  for (const row of rows) {
    found[row.what].add(row.id)
    until = row.seq
  }
  return { vehicles: found.vehicle, shipments: found.shipment, cases: found.case, until }
}
