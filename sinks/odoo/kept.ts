/** What Odoo has of a case. */
import { CASE_ANSWER, CASE_MODEL } from '../../odoo/names.ts'
import type { Case } from '../../schemas/generated/events.ts'
import type { OdooGate } from './gate.ts'

export interface Kept {
  readonly id: number
  /** Who takes care of it there. */
  readonly userId: number | null
}

export const isOpen = ({ state, retracted }: Case): boolean =>
  !retracted && (state === 'open' || state === 'acknowledged')

const READ_AT_ONCE = 500

/** By caseId; those that Odoo does not have are left out. */
export async function readKept(gate: OdooGate, caseIds: readonly string[]): Promise<ReadonlyMap<string, Kept>> {
  const kept = new Map<string, Kept>()
  for (let from = 0; from < caseIds.length; from += READ_AT_ONCE) {
    const rows = await gate.call<
      readonly { id: number; x_case_id: string; x_user_id: readonly [number, string] | false }[]
    >(CASE_MODEL, 'search_read', {
      domain: [['x_case_id', 'in', caseIds.slice(from, from + READ_AT_ONCE)]],
      fields: ['x_case_id', CASE_ANSWER.assignee],
    })
    for (const { id, x_case_id, x_user_id } of rows)
      kept.set(x_case_id, { id, userId: x_user_id ? x_user_id[0] : null })
  }
  return kept
}
