/**
 * The people of the simulated company at their Odoo: they take some of the cases that Milepost brings, say what they found
 * out, resolve a few by hand, and validate what has been delivered. Who does what, and when, follows from the case's id.
 */
import { CASE_ANSWER, CASE_MODEL, SHIPMENT_MODEL } from '../../odoo/names.ts'
import { random } from '../feeder/random.ts'
import type { OdooStore, Row } from '../odoo/store.ts'
import { validate } from '../odoo/world.ts'

const SECOND = 1_000
const MESSAGE = 'mail.message'

/** What somebody will do about a case, each so long after it came to Odoo; undefined: nothing. */
interface Intent {
  readonly takes: number | undefined
  readonly says: number | undefined
  readonly resolves: number | undefined
  readonly words: string
  readonly by: number
}

/** What can be heard on the phone. */
const FOUND_OUT: Readonly<Record<string, readonly string[]>> = {
  late: ['Called the driver: held up on the motorway.', 'Customer informed, takes it tomorrow morning as well.'],
  late_risk: ['Asked the warehouse for a later slot.', 'Driver is on his break, goes on in half an hour.'],
  dwell: ['Ramp is full: two trucks before ours.', 'Papers were missing, sent them again.'],
  no_signal: ['Driver says the device was unplugged.', 'Carrier looks after its device.'],
}
const OTHERWISE = ['Asked the carrier.', 'Looked at it: nothing to do for us.'] as const

export function intentOf(caseId: string, kind: string, people: readonly number[]): Intent {
  const chance = random(`dispatcher ${caseId}`)
  const takes = chance.chance(0.55) ? chance.between(15, 240) * SECOND : undefined
  const then = (share: number, least: number, most: number) =>
    chance.chance(share) && takes !== undefined ? takes + chance.between(least, most) * SECOND : undefined
  return {
    takes,
    says: then(0.5, 10, 120),
    resolves: then(0.3, 120, 900),
    words: chance.pick(FOUND_OUT[kind] ?? OTHERWISE),
    by: chance.pick(people),
  }
}

/** What people have come to do until now, and have not done. */
export function attend(store: OdooStore, people: readonly number[]): void {
  for (const row of store.rows(CASE_MODEL))
    if (row['x_state'] === 'open' || row['x_state'] === 'acknowledged') look(store, row, people)
  for (const { x_milestone: milestone, x_picking_id: picking } of store.rows(SHIPMENT_MODEL))
    if (milestone === 'Delivered' && store.row('stock.picking', Number(picking))?.['state'] === 'assigned')
      store.do(tx => validate(tx, Number(picking)))
}

function look(store: OdooStore, row: Row, people: readonly number[]): void {
  const { id, create_date: came, x_basis: basis = false } = row
  const { takes, says, resolves, words, by } = intentOf(String(row['x_case_id']), String(row['x_kind']), people)
  const age = store.now() - Number(came)
  const isDue = (after: number | undefined): boolean => after !== undefined && age >= after
  const now = Math.floor(store.now() / SECOND) * SECOND
  const write = (vals: Readonly<Record<string, unknown>>) => {
    store.do(tx => {
      tx.write(CASE_MODEL, [id], vals)
    })
  }
  if (isDue(takes) && row[CASE_ANSWER.assignee] === false)
    write({ [CASE_ANSWER.assignee]: by, [CASE_ANSWER.assignedAt]: now, [CASE_ANSWER.assignedBasis]: basis })
  if (isDue(says) && !isCommented(store, id))
    store.do(tx => {
      const author_id = store.row('res.users', by)?.['partner_id'] ?? false
      const said = { body: `<p>${words}</p>`, date: now, message_type: 'comment', author_id }
      tx.create(MESSAGE, { model: CASE_MODEL, res_id: id, ...said })
    })
  if (isDue(resolves) && row[CASE_ANSWER.resolvedAt] === false)
    write({
      [CASE_ANSWER.resolvedBy]: by,
      [CASE_ANSWER.resolvedAt]: now,
      [CASE_ANSWER.resolvedBasis]: basis,
      [CASE_ANSWER.resolution]: words,
    })
}

const isCommented = (store: OdooStore, id: number): boolean =>
  store.rows(MESSAGE).some(message => message['model'] === CASE_MODEL && message['res_id'] === id)
