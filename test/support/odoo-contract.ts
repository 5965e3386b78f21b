/**
 * What Milepost relies on of an Odoo 19, as questions to a running one: the real one and the stand-in have to answer them
 * alike. Each says what it sends, and what of the answer matters.
 */
import assert from 'node:assert/strict'
import { modelsFor, PICKING, RELATED, type Specification } from '../../ingest/odoo/models.ts'

/** An Odoo with two companies and our module, and what is in it: among it a case that somebody has commented on. */
export interface Place {
  readonly url: string
  readonly database: string
  readonly keys: {
    /** May do what people do, in both companies. */
    readonly person: string
    /** Inventory / User of both companies, and no right to fleet; the same with that right; of the first company alone. */
    readonly bot: string
    readonly fleet: string
    readonly oneCompany: string
    /** No right to inventory. */
    readonly stranger: string
  }
  /** Of the first company, in a batch with a vehicle, with an order and a carrier. */
  readonly picking: number
  /** Of the second company. */
  readonly elsewhere: number
  readonly companies: readonly [number, number]
  /** The partner that is the first company's warehouse's address. */
  readonly house: number
  readonly vehicle: { readonly id: number; readonly plate: string }
  /** A partner that may be written, archived and deleted, and a picking that may be deleted. */
  readonly spare: { readonly partner: number; readonly picking: number }
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: unknown
}
interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** As it goes over the wire. */
  readonly raw?: string
}

export async function send(
  place: Place,
  key: string | null,
  path: string,
  body: object,
  sent: Sent = {},
): Promise<Answer> {
  const { method = 'POST', headers = {}, raw = JSON.stringify(body) } = sent
  const response = await fetch(`${place.url}/json/2/${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      'x-odoo-database': place.database,
      ...(key !== null && { authorization: `bearer ${key}` }),
      ...headers,
    },
    ...(method === 'POST' && { body: raw }),
  })
  const text = await response.text()
  const type = response.headers.get('content-type') ?? ''
  return { status: response.status, type, body: type.includes('json') ? (JSON.parse(text) as unknown) : text }
}

/** The result of what is to succeed. */
async function result<T>(place: Place, key: string, path: string, body: object): Promise<T> {
  const { status, body: answer } = await send(place, key, path, body)
  assert.equal(status, 200, JSON.stringify(answer).slice(0, 500))
  return answer as T
}
type Rows = Record<string, unknown>[]
const rows = async (place: Place, key: string, model: string, body: object): Promise<Rows> =>
  (await result<{ records: Rows }>(place, key, `${model}/web_search_read`, body)).records

function assertError({ status, body }: Answer, wanted: number, name: string): void {
  assert.equal(status, wanted, JSON.stringify(body).slice(0, 500))
  assert.deepEqual(Object.keys(body as object).sort(), ['arguments', 'context', 'debug', 'message', 'name'])
  assert.equal((body as { name: string }).name, name)
}

const NOT_ALLOWED = 'odoo.exceptions.AccessError'
const all = { context: { active_test: false } }
const forBot = modelsFor({
  models: new Set(RELATED.filter(model => model !== 'fleet.vehicle')),
  ofPicking: { has: () => true } as unknown as ReadonlySet<string>,
})
const forFleet = modelsFor({
  models: new Set(RELATED),
  ofPicking: { has: () => true } as unknown as ReadonlySet<string>,
})

/** Every field of the specification is there, and what is nested is an object, some, or false. */
function assertShaped(row: unknown, specification: Specification, at: string): void {
  const record = row as Record<string, unknown>
  assert.deepEqual(Object.keys(record).sort(), [...new Set(['id', ...Object.keys(specification)])].sort(), at)
  for (const [name, { fields }] of Object.entries(specification))
    if (fields && record[name] !== false)
      for (const nested of [record[name]].flat()) assertShaped(nested, fields, `${at}.${name}`)
}

export const CONTRACT: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  'without a key, or with a wrong one, it is 401': async place => {
    for (const key of [null, 'f'.repeat(40)])
      assertError(
        await send(place, key, `${PICKING}/search_count`, { domain: [] }),
        401,
        'werkzeug.exceptions.Unauthorized',
      )
  },
  'another database is 404 in HTML': async place => {
    const answer = await send(
      place,
      place.keys.bot,
      `${PICKING}/search_count`,
      { domain: [] },
      {
        headers: { 'x-odoo-database': 'nowhere' },
      },
    )
    assert.equal(answer.status, 404)
    assert.match(answer.type, /^text\/html/)
  },
  'an unknown model or method is 404': async place => {
    for (const path of ['no.such.model/search_count', `${PICKING}/no_such_method`])
      assertError(await send(place, place.keys.bot, path, { domain: [] }), 404, 'werkzeug.exceptions.NotFound')
  },
  'a private method is 403': async place => {
    assertError(await send(place, place.keys.bot, `${PICKING}/_compute_state`, {}), 403, NOT_ALLOWED)
  },
  'a body that is no JSON is 400, one of another type 415': async place => {
    const broken = await send(place, place.keys.bot, `${PICKING}/search_count`, {}, { raw: '{"domain":' })
    assertError(broken, 400, 'werkzeug.exceptions.BadRequest')
    const text = await send(
      place,
      place.keys.bot,
      `${PICKING}/search_count`,
      {},
      {
        headers: { 'content-type': 'text/plain' },
      },
    )
    assert.equal(text.status, 415)
  },
  'a missing argument is 422': async place => {
    assertError(
      await send(place, place.keys.bot, `${PICKING}/web_search_read`, { domain: [] }),
      422,
      'werkzeug.exceptions.UnprocessableEntity',
    )
  },
  'an unknown field is 500, in a domain and in a specification': async place => {
    const { bot } = place.keys
    assertError(
      await send(place, bot, `${PICKING}/search_count`, { domain: [['x_nowhere', '=', 1]] }),
      500,
      'builtins.ValueError',
    )
    const asked = { domain: [], specification: { x_nowhere: {} } }
    const answer = await send(place, bot, `${PICKING}/web_search_read`, asked)
    assert.equal(answer.status, 500)
  },
  'search_count and fields_get answer a user of inventory': async place => {
    const { bot } = place.keys
    for (const { name } of forBot)
      assert.equal(typeof (await result<number>(place, bot, `${name}/search_count`, { domain: [], ...all })), 'number')
    const fields = await result<object>(place, bot, `${PICKING}/fields_get`, { attributes: ['type'] })
    for (const field of Object.keys(forBot.at(-1)?.specification ?? {})) assert.ok(field in fields, field)
  },
  'vehicles are 403 to who has no right to fleet, and pickings to who has none to inventory': async place => {
    const { bot, stranger } = place.keys
    const asked = { domain: [], ...all }
    assertError(await send(place, bot, 'fleet.vehicle/search_count', asked), 403, NOT_ALLOWED)
    assertError(await send(place, stranger, `${PICKING}/search_count`, asked), 403, NOT_ALLOWED)
  },
  'the shape of a picking is told to whom its rows are not': async place => {
    const fields = await result<object>(place, place.keys.stranger, `${PICKING}/fields_get`, { attributes: ['type'] })
    assert.ok('state' in fields)
  },
  'each model answers the specification that we ask with': async place => {
    for (const [key, models] of [
      [place.keys.bot, forBot],
      [place.keys.fleet, forFleet],
    ] as const)
      for (const { name, specification } of models) {
        const domain = [['write_date', '>=', '1970-01-01 00:00:00']]
        const asked = { domain, specification, order: 'write_date, id', limit: 200, ...all }
        const found = await rows(place, key, name, asked)
        assert.ok(found.length > 0, name)
        for (const row of found) {
          assertShaped(row, specification, name)
          if (row['write_date'] !== false) assert.match(String(row['write_date']), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
        }
        const written = found.map(row => String(row['write_date']))
        assert.deepEqual(written, written.toSorted(), name)
      }
  },
  'the plate is told to who may read fleet, and to others a name that ends in it': async place => {
    const domain = [['id', '=', place.picking]]
    const vehicleIn = async (key: string, specification: Specification) => {
      const [row] = await rows(place, key, PICKING, { domain, specification })
      return (row?.['batch_id'] as { vehicle_id: Record<string, unknown> } | undefined)?.vehicle_id
    }
    const seen = await vehicleIn(place.keys.fleet, forFleet.at(-1)?.specification ?? {})
    assert.equal(seen?.['license_plate'], place.vehicle.plate)
    const hidden = await vehicleIn(place.keys.bot, forBot.at(-1)?.specification ?? {})
    assert.equal(hidden?.['id'], place.vehicle.id)
    assert.ok(String(hidden['display_name']).endsWith(place.vehicle.plate), String(hidden['display_name']))
    const asked = { domain, specification: forFleet.at(-1)?.specification }
    assertError(await send(place, place.keys.bot, `${PICKING}/web_search_read`, asked), 403, NOT_ALLOWED)
  },
  'pickings are found by all that they point to, by who may not read it too': async place => {
    const { bot } = place.keys
    const found = async (path: string, id: number) =>
      (await result<number[]>(place, bot, `${PICKING}/search`, { domain: [[path, 'in', [id]]], ...all })).includes(
        place.picking,
      )
    assert.ok(await found('picking_type_id.warehouse_id.partner_id', place.house))
    assert.ok(await found('batch_id.vehicle_id', place.vehicle.id))
    const [row] = await rows(place, bot, PICKING, {
      domain: [['id', '=', place.picking]],
      specification: { partner_id: {}, carrier_id: {}, sale_id: { fields: { partner_id: {} } }, batch_id: {} },
    })
    for (const field of ['partner_id', 'carrier_id', 'batch_id'])
      assert.ok(await found(field, Number(row?.[field])), field)
    assert.ok(await found('sale_id.partner_id', (row?.['sale_id'] as { partner_id: number }).partner_id))
    const either = { domain: ['|', ['carrier_id', 'in', [0]], ['sale_id', '!=', false]], ...all }
    assert.ok((await result<number[]>(place, bot, `${PICKING}/search`, either)).includes(place.picking))
  },
  'what is archived is hidden, unless it is asked for': async place => {
    const { bot, person } = place.keys
    const { partner } = place.spare
    await result(place, person, 'res.partner/write', { ids: [partner], vals: { active: false } })
    const asked = { domain: [['id', '=', partner]], specification: { active: {} } }
    assert.deepEqual(await rows(place, bot, 'res.partner', asked), [])
    assert.deepEqual(await rows(place, bot, 'res.partner', { ...asked, ...all }), [{ id: partner, active: false }])
    await result(place, person, 'res.partner/write', { ids: [partner], vals: { active: true } })
  },
  'of another company nothing is found, a read of it is 403, and so is to ask as that company': async place => {
    const { oneCompany } = place.keys
    const domain = [['id', '=', place.elsewhere]]
    assert.deepEqual(await rows(place, oneCompany, PICKING, { domain, specification: { name: {} }, ...all }), [])
    const read = { ids: [place.elsewhere], fields: ['name'] }
    assertError(await send(place, oneCompany, `${PICKING}/read`, read), 403, NOT_ALLOWED)
    const context = { allowed_company_ids: [place.companies[1]] }
    assertError(await send(place, oneCompany, `${PICKING}/search_count`, { domain, context }), 403, NOT_ALLOWED)
    assert.equal((await rows(place, place.keys.bot, PICKING, { domain, specification: { name: {} } })).length, 1)
  },
  'a write moves write_date, `>=` its second finds it, and `>` does not have to': async place => {
    const { bot, person } = place.keys
    await result(place, person, 'res.partner/write', { ids: [place.spare.partner], vals: { city: 'Moved' } })
    const specification = { write_date: {}, city: {} }
    const domain = [['id', '=', place.spare.partner]]
    const [row] = await rows(place, bot, 'res.partner', { domain, specification })
    assert.equal(row?.['city'], 'Moved')
    const written = String(row['write_date'])
    assert.ok(Math.abs(Date.parse(`${written.replace(' ', 'T')}Z`) - Date.now()) < 60_000, written)
    const since = { domain: [['write_date', '>=', written], ...domain], specification }
    assert.equal((await rows(place, bot, 'res.partner', since)).length, 1)
  },
  'a time with a zone is 500': async place => {
    const domain = [['write_date', '>=', '2026-01-01T00:00:00Z']]
    const answer = await send(place, place.keys.bot, `${PICKING}/search_count`, { domain })
    assert.equal(answer.status, 500)
  },
  'what is deleted is found no more; to read it is nothing, to write it 404': async place => {
    const { bot, person } = place.keys
    const { picking } = place.spare
    await result(place, person, `${PICKING}/unlink`, { ids: [picking] })
    const asked = { domain: [['id', '=', picking]], specification: { name: {} }, ...all }
    assert.deepEqual(await rows(place, bot, PICKING, asked), [])
    assert.deepEqual(await result(place, bot, `${PICKING}/read`, { ids: [picking], fields: ['name'] }), [])
    const write = { ids: [picking], vals: { note: 'x' } }
    assertError(await send(place, person, `${PICKING}/write`, write), 404, 'odoo.exceptions.MissingError')
  },
}
