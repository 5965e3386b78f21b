/** The stand-in answers as a real Odoo 19 did: the same status, the same kind of body, the same name of the error. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { standIn } from '../../../tools/odoo/server.ts'
import { OdooStore } from '../../../tools/odoo/store.ts'
import { confirm, settle } from '../../../tools/odoo/world.ts'

/** Recordings of a running Odoo, where they are. */
const RECORDINGS = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'samples', 'odoo')

interface Recording {
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: unknown
  }
  readonly response: { readonly status: number; readonly headers?: Record<string, string>; readonly body: unknown }
}

const store = new OdooStore()
const { outgoing, customers } = settle(store)
store.do(tx => {
  for (let n = 0; n < 60; n++) confirm(tx, { type: outgoing[0] ?? 0, partner: customers[n % 12] ?? 0, at: Date.now() })
  const vehicle = tx.create('fleet.vehicle', { license_plate: '95-BXK-7' })
  const driver_id = tx.create('res.partner', { name: 'J. de Wit' })
  const batch = tx.create('stock.picking.batch', {
    name: 'BATCH/OUT/00001',
    state: 'done',
    vehicle_id: vehicle,
    driver_id,
  })
  tx.write('stock.picking', [7], { state: 'done', batch_id: batch, carrier_id: 2, date_done: Date.now() })
  tx.write('stock.picking', [36], { state: 'done' })
  for (let n = 0; n < 60; n++) tx.create('res.partner', { name: `Contact ${n}` })
})
const odoo = await standIn({
  ...{ store, database: 'lab' },
  keys: new Map([
    ['good', { id: 5, companies: [1, 2] }],
    ['stranger', { id: 6, companies: [1], hidden: ['stock.picking'] }],
    ['one-company', { id: 7, companies: [1] }],
  ]),
})
after(() => odoo.close())

/** By recording: whose key; null: none. */
const REPLAYED: Readonly<Record<string, string | null>> = {
  'json2/00_version': 'good',
  'json2/01_context_get': 'good',
  'json2/02_search_read': 'good',
  'json2/06_read_missing_id': 'good',
  'json2/07_write_missing_id': 'good',
  'json2/09_search_count': 'good',
  'json2/11_web_search_read': 'good',
  'json2/12_web_read': 'good',
  'json2/16_web_search_read_whole_shipment': 'good',
  'json2/e01_no_auth': null,
  'json2/e02_bad_key': 'bad',
  'json2/e03_expired_key': 'expired',
  'json2/e05_wrong_db_header': 'good',
  'json2/e06_unknown_model': 'good',
  'json2/e07_unknown_method': 'good',
  'json2/e08_private_method': 'good',
  'json2/e09b_bad_kwarg': 'good',
  'json2/e09c_no_fields_403': 'good',
  'json2/e11_bad_json': 'good',
  'json2/e11b_body_is_list': 'good',
  'json2/e12_wrong_content_type': 'good',
  'json2/e13_unknown_field_read': 'good',
  'json2/e14_unknown_field_domain': 'good',
  'json2/e18_access_error_read': 'stranger',
  'json2/e20_missing_record_read': 'good',
  'json2/e22_missing_record_write': 'good',
  'json2/e23_get_method': 'good',
  'limits/04_multi_company_allowed': 'good',
  'limits/05_other_company_invisible': 'one-company',
  'limits/e03_company_not_allowed': 'one-company',
  'limits/e04_write_iso_Z': 'good',
  'limits/e05_write_iso_T': 'good',
  'limits/e07_unlink_done': 'good',
  'polling/01_gt_same_second_returns_row_again': 'good',
  'polling/02_microsecond_string': 'good',
  'polling/04_keyset': 'good',
  'polling/05_order': 'good',
  'polling/e01_iso_Z': 'good',
  'polling/e02_garbage': 'good',
  'polling/e03_bad_order': 'good',
  'polling/e04_order_nonstored': 'good',
}

/** The kinds of things that a body is made of: names and types, of a list those of its first. */
function shapeOf(body: unknown): unknown {
  if (Array.isArray(body)) return body.length > 0 ? [shapeOf(body[0])] : []
  if (typeof body !== 'object' || body === null) return typeof body
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, shapeOf(value)]))
}
/** What the real one said that the stand-in has to say as well: `false` stands for anything that is not set. */
function assertLike(ours: unknown, theirs: unknown, at: string): void {
  if (theirs === 'boolean' || ours === 'boolean') return
  if (typeof theirs === 'string' || typeof ours === 'string') {
    assert.equal(ours, theirs, at)
    return
  }
  if (Array.isArray(theirs) && (theirs.length === 0 || (ours as unknown[]).length === 0)) return
  assert.deepEqual(Object.keys(ours as object).sort(), Object.keys(theirs as object).sort(), at)
  for (const [name, value] of Object.entries(theirs as object))
    assertLike((ours as Record<string, unknown>)[name], value, `${at}.${name}`)
}

/** The stand-in knows no moves and few fields: what it is not asked for in earnest is not asked for here. */
function known(body: unknown): unknown {
  const { specification } = body as { specification?: Record<string, unknown> }
  if (specification) delete specification['move_ids']
  return body
}

for (const [name, key] of Object.entries(REPLAYED))
  test(`as recorded: ${name}`, { skip: !existsSync(RECORDINGS) && 'no recordings here' }, async () => {
    const recorded = JSON.parse(readFileSync(join(RECORDINGS, `${name}.json`), 'utf8')) as Recording
    const { method, url, headers, body } = recorded.request
    const raw = typeof body === 'string' ? body : JSON.stringify(known(body ?? {}))
    const answer = await fetch(`${odoo.url}${new URL(url).pathname}`, {
      method,
      headers: {
        'content-type': headers['Content-Type'] ?? 'application/json',
        ...(headers['X-Odoo-Database'] !== undefined && { 'x-odoo-database': headers['X-Odoo-Database'] }),
        ...(key !== null && { authorization: `bearer ${key}` }),
      },
      ...(method === 'POST' && { body: raw }),
    })
    const text = await answer.text()
    assert.equal(answer.status, recorded.response.status, text)
    const theirs = recorded.response.body as Record<string, unknown>
    if (typeof theirs === 'string') {
      assert.match(answer.headers.get('content-type') ?? '', /^text\/html/)
      return
    }
    const ours = JSON.parse(text) as Record<string, unknown>
    if (answer.status >= 400) {
      assert.deepEqual(Object.keys(ours), Object.keys(theirs))
      assert.equal(ours['name'], theirs['name'])
    } else {
      const records = (theirs['records'] as Record<string, unknown>[] | undefined)?.[0]
      if (records) delete records['move_ids']
      assertLike(shapeOf(ours), shapeOf(theirs), name)
    }
  })
