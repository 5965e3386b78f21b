import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileKeeper } from '../../../tools/odoo/keeper.ts'
import { OdooStore } from '../../../tools/odoo/store.ts'

const MODELS = ['res.partner', 'stock.picking', 'ir.model.data', 'res.company']
const all = (store: OdooStore) => Object.fromEntries(MODELS.map(model => [model, store.rows(model)]))

test('a store that is opened again is as it was left: rows, what points nowhere, names, and numbers that were given', t => {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-keeper-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'odoo.db')
  const opened = () => {
    const keeper = fileKeeper(path)
    t.after(() => keeper.close())
    return new OdooStore(() => 1_000, keeper)
  }
  const store = opened()
  const [partner, gone, picking, highest] = store.do(tx => {
    const ids = ['Ann', 'Ben'].map(name => tx.create('res.partner', { name })) as [number, number]
    tx.create('ir.model.data', { module: 'milepost', name: 'case_1', model: 'x_milepost_case', res_id: 7 })
    return [
      ...ids,
      tx.create('stock.picking', { partner_id: ids[1] }),
      tx.create('res.company', { name: 'A' }),
    ] as const
  })
  store.do(tx => tx.write('res.partner', [partner], { city: 'Lille' }))
  store.do(tx => tx.unlink('res.partner', [gone]))
  store.do(tx => tx.unlink('res.company', [highest]))
  assert.throws(() =>
    store.do(tx => {
      tx.write('res.partner', [partner], { city: 'nowhere' })
      throw new Error('and the transaction ends')
    }),
  )
  const again = opened()
  assert.deepEqual(all(again), all(store))
  assert.equal(again.row('res.partner', partner)?.['city'], 'Lille')
  assert.equal(again.row('stock.picking', picking)?.['partner_id'], false)
  assert.equal(again.named('milepost', 'case_1')?.['res_id'], 7)
  assert.equal(
    again.do(tx => tx.create('res.company', { name: 'B' })),
    highest + 1,
    'no number is given twice',
  )
})
