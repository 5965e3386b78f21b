import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { OdooClient } from '../../../odoo/client.ts'
import { CASE_FIELDS, SHIPMENT_FIELDS } from '../../../odoo/module/fields.ts'
import { missingFields } from '../../../odoo/module/installed.ts'
import { casesSink } from '../../../sinks/odoo/cases.ts'
import { load, type Row } from '../../../sinks/odoo/load.ts'
import { Unavailable, Unwritable } from '../../../streams/sink.ts'
import { aCase, batch, gateOf, LINKS } from './ground.ts'

type Said = { readonly status?: number; readonly body: unknown; readonly afterMs?: number }
type Call = { readonly path: string; readonly body: { readonly data?: readonly (readonly string[])[] } }

const fieldsOf = (fields: object) =>
  Object.fromEntries(
    Object.entries(fields as Record<string, { type: string; selection?: unknown }>).map(
      ([name, { type, selection }]) => [name, { type, selection }],
    ),
  )

/** An Odoo with the module, that says of everything else what `says` says. */
async function odooThat(t: TestContext, says: (call: Call) => Said | undefined) {
  const calls: Call[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = (request.url ?? '').replace('/json/2/', '')
      const call = { path, body: JSON.parse(Buffer.concat(chunks).toString()) as Call['body'] }
      calls.push(call)
      const fields = path.startsWith('x_milepost_case') ? CASE_FIELDS : SHIPMENT_FIELDS
      const there: Said = path.endsWith('/fields_get') ? { body: fieldsOf(fields) } : { body: [] }
      const { status = 200, body, afterMs = 0 } = says(call) ?? there
      setTimeout(() => response.writeHead(status).end(JSON.stringify(body)), afterMs)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const client = new OdooClient({ url: `http://127.0.0.1:${port}`, database: 'lab', apiKey: 'k', timeoutMs: 2_000 })
  return { client, calls, loads: () => calls.filter(({ path }) => path.endsWith('/load')) }
}

const rows = (n: number): Row[] =>
  Array.from({ length: n }, (_, k) => ({
    id: `r${k}`,
    eventId: `e${k}`,
    values: { x_name: `n${k}`, 'x_picking_id/.id': '7' },
  }))
const failed = (...errors: { record?: number; message: string; field?: string }[]): Said => ({
  body: { ids: false, messages: errors.map(error => ({ type: 'error', ...error })), nextrow: 0 },
})
const written = (n: number): Said => ({ body: { ids: Array.from({ length: n }, (_, k) => k + 1), messages: [] } })
const all = ({ body }: Call): Said => written(body.data?.length ?? 0)
const isLoad = ({ path }: Call): boolean => path.endsWith('/load')

const PASSING = [
  'could not serialize access due to concurrent update\n',
  'duplicate key value violates unique constraint "ir_model_data_module_name_uniq_index"\n',
  'deadlock detected',
  'current transaction is aborted, commands ignored until end of transaction block',
  'Error: a record cannot follow twice the same object',
]
for (const message of PASSING)
  test(`the batch comes again after: ${message.trim().slice(0, 50)}`, async t => {
    const { client } = await odooThat(t, call => (isLoad(call) ? failed({ record: 0, message }) : undefined))
    const { gate, told } = gateOf(client)
    const loaded = load(gate, 'x_milepost_case', rows(2))
    await assert.rejects(loaded, (error: unknown) => error instanceof Unavailable && error.retryAfter < 2_000)
    assert.deepEqual(told, [], 'Odoo is not away for that')
  })

test('a failure that says nothing gives nobody up', async t => {
  const { client } = await odooThat(t, call => (isLoad(call) ? failed() : undefined))
  await assert.rejects(load(gateOf(client).gate, 'x_milepost_case', rows(2)), Unavailable)
})

test('a message that blames the wrong row costs it nothing: each is tried alone', async t => {
  const { client, loads } = await odooThat(t, call => {
    if (!isLoad(call)) return undefined
    const ids = (call.body.data ?? []).map(([id]) => id)
    // As Odoo does it: what the batch met is laid at the feet of the first.
    const bad = ids.indexOf('milepost.r2')
    return bad < 0 ? all(call) : failed({ record: 0, message: 'It is wrong' }, { record: bad, message: 'It is wrong' })
  })
  const loaded = load(gateOf(client).gate, 'x_milepost_case', rows(4))
  await assert.rejects(loaded, (error: unknown) => error instanceof Unwritable && error.eventId === 'e2')
  assert.deepEqual(
    loads().map(({ body }) => body.data?.length),
    [4, 1, 1],
  )
})

test('links that lead nowhere are dropped, all of a batch at once', async t => {
  const { client, loads } = await odooThat(t, call => {
    if (!isLoad(call)) return undefined
    const dead = (call.body.data ?? []).flatMap(([, , picking], record) =>
      picking === '7'
        ? [{ record, field: 'x_picking_id', message: "No matching record found for database id '7'" }]
        : [],
    )
    return dead.length > 0 ? failed(...dead) : all(call)
  })
  await load(gateOf(client).gate, 'x_milepost_case', rows(3), ['x_picking_id'])
  assert.equal(loads().length, 2)
})

test('many rows go in calls of a hundred', async t => {
  const { client, loads } = await odooThat(t, call => (isLoad(call) ? all(call) : undefined))
  await load(gateOf(client).gate, 'x_milepost_case', rows(250))
  assert.deepEqual(
    loads().map(({ body }) => body.data?.length),
    [100, 100, 50],
  )
})

test('a right that is missing is nobody’s fault: it is waited for, and told', async t => {
  const message = "You are not allowed to create 'Transport case' (x_milepost_case) records."
  const { client } = await odooThat(t, call => (isLoad(call) ? failed({ record: 0, message }) : undefined))
  const { gate, told } = gateOf(client)
  await assert.rejects(load(gate, 'x_milepost_case', rows(1)), (error: unknown) => {
    return error instanceof Unavailable && error.retryAfter === 60_000
  })
  assert.equal(told.length, 1)
})

test('away, it is asked less and less often, by one of them at a time, and told once', async t => {
  let isAway = true
  let at = 0
  const { client, calls } = await odooThat(t, call => {
    if (isAway) return { status: 503, body: {} }
    return isLoad(call) ? all(call) : undefined
  })
  const { gate, told } = gateOf(client, { now: () => at })
  const sinks = [casesSink(gate, LINKS), casesSink(gate, LINKS), casesSink(gate, LINKS)]
  const pauses: number[] = []
  for (let n = 0; n < 9; n++) {
    const asked = calls.length
    const results = await Promise.allSettled(sinks.map(sink => sink.write(batch(aCase({ database: 'lab' }, 'c')))))
    assert.equal(calls.length - asked, 1, 'the others learn from the first')
    const reasons = results.map(result => (result.status === 'rejected' ? (result.reason as unknown) : undefined))
    assert.ok(reasons.every(reason => reason instanceof Unavailable))
    const [first] = reasons
    pauses.push(first?.retryAfter ?? 0)
    at += first?.retryAfter ?? 0
  }
  assert.deepEqual(
    pauses.map(ms => ms / 1_000),
    [1, 2, 4, 8, 16, 32, 60, 60, 60],
  )
  assert.equal(told.length, 1)
  isAway = false
  await Promise.all(sinks.map(sink => sink.write(batch(aCase({ database: 'lab' }, 'c')))))
  assert.deepEqual(told.slice(1), ['Odoo takes records again'])
})

test('a key that is no longer good pauses for a minute, and says what to do', async t => {
  const { client } = await odooThat(t, () => ({
    status: 401,
    body: { name: 'werkzeug.exceptions.Unauthorized', message: 'Invalid apikey' },
  }))
  const { gate, told } = gateOf(client)
  await assert.rejects(gate.look(), (error: unknown) => error instanceof Unavailable && error.retryAfter === 60_000)
  assert.match(told[0] ?? '', /Invalid apikey.*make a new one/)
})

test('who stops does not wait for an Odoo that hangs', async t => {
  const stop = new AbortController()
  const { client } = await odooThat(t, () => ({ body: [], afterMs: 1_500 }))
  const { gate } = gateOf(client, { stop: stop.signal })
  setTimeout(() => stop.abort(), 30)
  const begun = performance.now()
  await assert.rejects(casesSink(gate, LINKS).write(batch(aCase({ database: 'lab' }, 'c'))), Unavailable)
  assert.ok(performance.now() - begun < 1_000)
})

test('a module that lacks a field, or a kind, is another one', () => {
  const there = fieldsOf(CASE_FIELDS) as Parameters<typeof missingFields>[2]
  assert.deepEqual(missingFields('m', CASE_FIELDS, there), [])
  const fewer = Object.fromEntries(Object.entries(there).filter(([name]) => name !== 'x_basis'))
  const kinds = { type: 'selection', selection: [['late', 'Late']] as const }
  const missing = missingFields('m', CASE_FIELDS, { ...fewer, x_kind: kinds })
  assert.ok(
    missing.includes('m.x_basis') && missing.includes('m.x_kind=no_signal') && !missing.includes('m.x_kind=late'),
  )
})
