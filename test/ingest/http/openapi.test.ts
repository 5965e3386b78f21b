/** What is published is what happens: every answer here is one that the document names, and looks as it says. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { eventClock } from '../../../ingest/clock.ts'
import { ingestComponents, ingestPaths } from '../../../ingest/http/openapi.ts'
import { NDJSON } from '../../../ingest/positions.ts'
import { LogUnavailable } from '../../../streams/log/log.ts'
import { type Answer, frontDoor } from '../support/front-door.ts'
import { carrierEvent, fix, shipment, stop } from '../support/said.ts'

type Name = keyof typeof ingestComponents.schemas
interface Documented {
  readonly content: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>>
  readonly headers?: Readonly<Record<string, unknown>>
}
const schema = (name: string) => {
  const found = ingestComponents.schemas[name as Name] as Record<string, unknown> | undefined
  assert.ok(found, `there is no schema ${name}`)
  return z.fromJSONSchema(found)
}
const nameIn = ({ $ref }: { $ref: string }) => /^#\/components\/schemas\/(\w+)$/.exec($ref)?.[1] ?? ''

function conforms(path: keyof typeof ingestPaths, { status, headers, json }: Answer): string {
  const [operation] = Object.values(ingestPaths[path]) as { readonly responses: Readonly<Record<string, Documented>> }[]
  const documented = operation?.responses[status]
  assert.ok(documented, `${status} is not documented for ${path}`)
  const type = headers.get('content-type')?.split(';')[0] ?? ''
  const content = documented.content[type]
  assert.ok(content, `${type} is not documented for ${status} of ${path}`)
  const { error } = schema(nameIn(content.schema)).safeParse(json)
  assert.ok(!error, `${status} of ${path}: ${error?.message ?? ''}`)
  for (const header of Object.keys(documented.headers ?? {}))
    assert.ok(headers.get(header), `${status} of ${path} has no ${header}`)
  return `${path} ${status}`
}

describe('the published description', () => {
  test('names every answer, and each looks as it says', async context => {
    const door = await frontDoor(context, {
      clock: eventClock(),
      bodyLimitBytes: 10_000,
      attempts: { attempts: 5, perMs: 3_600_000, addresses: 1 },
    })
    const live = await frontDoor(context)
    const full = await frontDoor(context, { guard: () => 'full' })
    const away = await frontDoor(context)
    away.log.failure = new LogUnavailable('away')
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x-${i}`, '1']))
    const huge = JSON.stringify('x'.repeat(20_000))
    const csv = { 'content-type': 'text/csv' }

    const positions = [
      await door.send([fix(), 1]),
      await door.send(`${JSON.stringify(fix())}\n`, { 'content-type': NDJSON }),
      await door.send('['),
      await door.send([1]),
      await door.send([fix()], { authorization: '' }),
      await door.send([fix()], door.bearer(door.tokens.read)),
      await door.send(huge),
      await live.send(`[${'1,'.repeat(10_000)}1]`),
      await door.send('', csv),
      await door.send([fix()], many),
      await full.send([fix()]),
      await away.send([fix()]),
    ].map(answer => conforms('/v1/positions', answer))
    const shipments = [
      await door.put('s', shipment()),
      await door.put('s', shipment({ vehicleId: 'x' })),
      await door.put('s', '{'),
      await door.put('s', shipment({ stops: [stop(), stop()], more: 1 })),
      await away.put('s', shipment()),
    ].map(answer => conforms('/v1/shipments/{shipmentId}', answer))
    const clock = [
      await door.moveClock('2026-03-05T00:00:00Z'),
      await door.moveClock('x'),
      await live.moveClock('2026-03-05T00:00:00Z'),
      await door.moveClock('2026-03-05T00:00:00Z', door.tokens.ingest),
    ].map(answer => conforms('/v1/clock', answer))
    const events = [
      await door.events({ events: [carrierEvent(), 1] }),
      await door.events({ events: [1] }),
      await door.events('{'),
      await door.events('{', { partner: 'nobody' }),
      await door.events('{}', { sentAt: 1_000 }),
    ].map(answer => conforms('/v1/partners/{partner}/events', answer))
    for (let i = 0; i < 5; i++) await door.send([fix()], { authorization: '' })
    positions.push(conforms('/v1/positions', await door.send([fix()], { authorization: '' })))

    const statuses = (answers: string[]) =>
      [...new Set(answers.map(answer => Number(answer.split(' ').at(-1))))].toSorted((a, b) => a - b)
    assert.deepEqual(statuses(positions), [200, 400, 401, 403, 413, 415, 422, 429, 431, 503])
    assert.deepEqual(statuses(shipments), [200, 400, 409, 422, 503])
    assert.deepEqual(statuses(clock), [200, 403, 409, 422])
    assert.deepEqual(statuses(events), [200, 400, 401, 404, 422])
  })

  test('takes what the routes take, and not what they refuse', () => {
    const takes = (name: Name, body: unknown) => schema(name).safeParse(JSON.parse(JSON.stringify(body))).success
    assert.ok(takes('Position', fix({ speedMps: null, attributes: { a: 1 } })))
    assert.ok(!takes('Position', fix({ latitude: 91 })))
    assert.ok(!takes('Position', fix({ speedKmh: 1 })))
    assert.ok(takes('ShipmentVersion', shipment({ status: 'cancelled' })))
    assert.ok(!takes('ShipmentVersion', shipment({ stops: [] })))
    assert.ok(!takes('ShipmentVersion', shipment({ stops: [stop({ kind: 'drop' })] })))
    assert.ok(takes('PartnerEvents', { events: [carrierEvent({ updatedAt: '2026-03-01T12:00:00Z' })] }))
    assert.ok(!takes('PartnerEvents', { events: [carrierEvent({ code: 'teleported' })] }))
    assert.ok(!takes('PartnerEvents', { events: [carrierEvent({ references: [] })] }))
  })

  test('refers only to what is there', () => {
    const refs = [...JSON.stringify(ingestPaths).matchAll(/"\$ref":"([^"]+)"/g)].map(([, $ref = '']) =>
      nameIn({ $ref }),
    )
    assert.ok(refs.length > 20)
    assert.deepEqual(new Set(refs), new Set(Object.keys(ingestComponents.schemas)))
  })
})
