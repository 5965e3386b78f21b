/** Whatever is sent is answered with what became of each record: never a 500, nothing lost, nothing counted twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { eventClock } from '../../../ingest/clock.ts'
import { NDJSON } from '../../../ingest/positions.ts'
import { frontDoor } from '../support/front-door.ts'
import { carrierEvent, fix, shipment } from '../support/said.ts'

/** The value with one of its parts, at any depth, replaced by arbitrary JSON or left out. */
function mangled(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value !== 'object' || value === null) return odd
  const parts = Object.entries(value)
  return fc.oneof(
    { weight: 1, arbitrary: odd },
    {
      weight: 5,
      arbitrary: fc
        .constantFrom(...parts)
        .chain(([key, part]) =>
          fc
            .option(mangled(part), { nil: undefined })
            .map(other =>
              Array.isArray(value)
                ? (value as unknown[]).map((old, i) => (String(i) === key ? other : old))
                : { ...value, [key]: other },
            ),
        ),
    },
  )
}
const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    null,
    '',
    '\ud800',
    '2026-13-01T00:00:00Z',
    -1,
    1e308,
    [],
    {},
    { __proto__: null, constructor: 1 },
    'x'.repeat(300),
  ),
)
/** The text with a few of its bytes gone or replaced. */
const torn = (text: string): fc.Arbitrary<Uint8Array<ArrayBuffer>> =>
  fc.tuple(fc.nat(text.length), fc.nat(8), fc.uint8Array({ maxLength: 4 })).map(([at, gone, others]) => {
    const bytes = Buffer.from(text)
    return new Uint8Array(Buffer.concat([bytes.subarray(0, at), others, bytes.subarray(at + gone)]))
  })

const text = (value: unknown) => JSON.stringify(value)
interface Receipt {
  readonly accepted: number
  readonly refused: readonly { readonly index: number | null }[]
}

for (const mode of ['live', 'event'] as const) {
  test(`positions with any part of them replaced, in ${mode} mode`, async context => {
    const door = await frontDoor(context, mode === 'event' ? { clock: eventClock() } : {})
    let kept = 0
    const deliveries = fc.oneof(
      mangled([fix(), fix({ speedMps: 3, attributes: { a: [1] } }), fix()]).map(value => ({
        body: text(value),
        records: countOf(value),
        type: 'application/json',
      })),
      fc.array(fc.oneof(mangled(fix()), fc.constant(fix())), { maxLength: 5 }).map(values => ({
        body: values.map(text).join('\n'),
        records: values.length,
        type: NDJSON,
      })),
      torn(text([fix(), fix()])).map(body => ({ body, records: undefined, type: 'application/json' })),
      torn([fix(), fix()].map(text).join('\n')).map(body => ({ body, records: undefined, type: NDJSON })),
    )
    await fc.assert(
      fc.asyncProperty(deliveries, async ({ body, records, type }) => {
        const [before, refusedBefore] = [door.log.positions().length, door.log.refused().length]
        const answer = await door.call('POST', '/v1/positions', body, {
          'content-type': type,
          ...door.bearer(door.tokens.ingest),
        })
        assert.ok([200, 400, 422].includes(answer.status), `${answer.status} ${answer.text}`)
        const { accepted, refused } = answer.json as Receipt
        if (records !== undefined) assert.equal(accepted + refused.length, records)
        assert.equal(answer.status === 200, accepted > 0 || refused.length === 0)
        assert.equal(door.log.positions().length - before, accepted)
        assert.equal(door.log.refused().length - refusedBefore, refused.length)
        kept += accepted
        door.log.appends.length = 0
      }),
      { numRuns: 300 },
    )
    assert.ok(kept > 100, `only ${kept} records were good ones`)
  })
}

const countOf = (value: unknown): number => (Array.isArray(value) ? value.length : 1)

test('partner events with any part of them replaced', async context => {
  const door = await frontDoor(context)
  await fc.assert(
    fc.asyncProperty(
      mangled({ events: [carrierEvent(), carrierEvent({ eventId: null }), carrierEvent()] }),
      async value => {
        const answer = await door.events(text(value))
        assert.ok([200, 400, 422].includes(answer.status), `${answer.status} ${answer.text}`)
        const { accepted, refused } = answer.json as Receipt
        const events = (value as { events?: unknown } | null)?.events
        const whole = refused.length === 1 && refused[0]?.index === null
        assert.equal(accepted + refused.length, whole || !Array.isArray(events) ? 1 : events.length)
        assert.equal(door.log.appends.flat().filter(({ topic }) => topic === 'carrier.event.v1').length, accepted)
        assert.equal(door.log.refused().length, refused.length)
        door.log.appends.length = 0
      },
    ),
    { numRuns: 300 },
  )
})

test('shipments with any part of them replaced', async context => {
  const door = await frontDoor(context)
  let n = 0
  await fc.assert(
    fc.asyncProperty(mangled(shipment()), async value => {
      const answer = await door.put(`s-${n++}`, text(value))
      assert.ok([200, 400, 422].includes(answer.status), `${answer.status} ${answer.text}`)
      assert.deepEqual(
        door.log.appends.flat().map(({ topic }) => topic),
        answer.status === 200 ? ['shipment.request.v1', 'delivery.v1'] : ['refused.v1'],
      )
      door.log.appends.length = 0
    }),
    { numRuns: 300 },
  )
})
