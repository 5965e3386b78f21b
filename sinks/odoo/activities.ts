/**
 * An activity in Odoo, which is what fills the clock of whoever has it: only for what is bad and has somebody who takes
 * care of it. It goes when the case closes. Who has marked it as done is not asked again.
 */
import { CASE_MODEL, MODULE } from '../../odoo/names.ts'
import type { Case } from '../../schemas/generated/events.ts'
import type { Event } from '../../streams/event.ts'
import type { OdooGate } from './gate.ts'
import { isOpen, type Kept } from './kept.ts'
import { QUIETLY, type Row } from './load.ts'
import { titleOf } from './words.ts'

interface Wanted {
  readonly value: Case
  readonly kept: Kept
}

export async function keepActivities(
  gate: OdooGate,
  events: readonly Event<Case>[],
  kept: ReadonlyMap<string, Kept>,
): Promise<void> {
  const bad = events.flatMap(({ value }): Wanted[] => {
    const one = value.severity === 'high' ? kept.get(value.caseId) : undefined
    return one?.userId == null ? [] : [{ value, kept: one }]
  })
  const over = bad.filter(({ value }) => !isOpen(value))
  if (over.length > 0) await end(gate, over)
  for (const wanted of bad.filter(({ value }) => isOpen(value))) await begin(gate, wanted)
}

async function end(gate: OdooGate, over: readonly Wanted[]): Promise<void> {
  const ids = await gate.call<number[]>('mail.activity', 'search', {
    domain: [
      ['res_model', '=', CASE_MODEL],
      ['res_id', 'in', over.map(({ kept }) => kept.id)],
      ['summary', '=like', `${SUMMARY}%`],
    ],
  })
  if (ids.length > 0) await gate.call('mail.activity', 'unlink', { ids, context: QUIETLY })
}

const SUMMARY = 'Milepost: '

/** One at a time: whom Odoo does not let have it (who may not see the case) goes without, and nobody else with him. */
async function begin(gate: OdooGate, { value, kept }: Wanted): Promise<void> {
  const row: Row['values'] = {
    'res_model_id/id': `${MODULE}.model_${CASE_MODEL}`,
    res_id: String(kept.id),
    summary: `${SUMMARY}${titleOf(value)}`,
    'activity_type_id/id': 'mail.mail_activity_data_todo',
    'user_id/.id': String(kept.userId),
  }
  await gate.call('mail.activity', 'load', {
    fields: ['id', ...Object.keys(row)],
    data: [[`${MODULE}.activity_${value.caseId}`, ...Object.values(row)]],
    context: QUIETLY,
  })
}
