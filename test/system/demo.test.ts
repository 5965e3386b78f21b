/** The demo as it comes with `milepost start`: trucks that move, orders from its Odoo, people there who answer; and tomorrow it goes on. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DEMO_WORLD } from '../../app/config.ts'
import { type Keeper, fileKeeper } from '../../tools/odoo/keeper.ts'
import { OdooStore } from '../../tools/odoo/store.ts'
import { CASE_ANSWER, CASE_MODEL } from '../../odoo/names.ts'
import type { Installation } from '../../tools/chaos/installation.ts'
import { installation, until } from '../support/installation.ts'

interface ShownCase {
  readonly caseId: string
  readonly owner: string | null
}
const LIVE = { MILEPOST_TIME: 'live', MILEPOST_LOG_LEVEL: 'warn' }
const PICKING = 'stock.picking'
const PATIENCE_MS = 100_000

/** The demo's Odoo, looked at from outside. */
function odooOf(at: Installation): OdooStore {
  const file: Keeper & { close(): void } = fileKeeper(join(at.data, 'demo-odoo.db'))
  try {
    return new OdooStore(Date.now, file)
  } finally {
    file.close()
  }
}
const ordersOf = (odoo: OdooStore): ReadonlyMap<unknown, number> => {
  const numbers = new Map(odoo.rows('sale.order').map(({ id, client_order_ref: number }) => [id, number]))
  return new Map(odoo.rows(PICKING).map(({ id, sale_id: order }) => [numbers.get(Number(order)), id]))
}
const worldOf = ({ data }: Installation) =>
  JSON.parse(readFileSync(join(data, DEMO_WORLD), 'utf8')) as { readonly seed: string; readonly sentUntil: number }
const openOnly = (odoo: OdooStore): string[] =>
  odoo
    .rows(CASE_MODEL)
    .filter(({ x_state: state }) => state === 'open' || state === 'acknowledged')
    .map(({ x_case_id: caseId }) => String(caseId))
    .sort()

test(
  'what people do in the demo’s Odoo is seen in Milepost, and it is the same company tomorrow',
  { timeout: 240_000 },
  async t => {
    const { at } = await installation(t)
    const started = async () => {
      const program = at.demo(LIVE)
      t.after(() => program.stop())
      await at.ready(program)
      return program
    }
    const first = await started()
    const open = async (): Promise<ShownCase[]> =>
      (
        await Promise.all(
          ['open', 'acknowledged'].map(state => at.get<{ cases: ShownCase[] }>(`/v1/cases?state=${state}&limit=500`)),
        )
      ).flatMap(({ cases }) => cases)
    await until(
      'somebody in Odoo takes a case, and Milepost knows who',
      async () => {
        const taken = (await open()).find(({ owner }) => owner !== null)
        const row = odooOf(at)
          .rows(CASE_MODEL)
          .find(({ x_case_id: caseId }) => caseId === taken?.caseId)
        return row !== undefined && row[CASE_ANSWER.assignee] !== false
      },
      PATIENCE_MS,
    )
    await until(
      'what is open in Milepost is what is open in Odoo',
      async () => {
        const here = (await open()).map(({ caseId }) => caseId).sort()
        return here.length > 0 && JSON.stringify(here) === JSON.stringify(openOnly(odooOf(at)))
      },
      PATIENCE_MS,
    )
    const before = ordersOf(odooOf(at))
    assert.ok(before.size > 100, `${before.size} orders`)
    await first.stop()
    const reached = worldOf(at)

    await started()
    await until('the world goes on from where it was', () => worldOf(at).sentUntil > reached.sentUntil, PATIENCE_MS)
    assert.equal(worldOf(at).seed, reached.seed)
    const after = ordersOf(odooOf(at))
    for (const [number, id] of before) assert.equal(after.get(number), id, String(number))
    assert.equal(new Set(after.values()).size, odooOf(at).rows(PICKING).length, 'none is there twice')
  },
)
