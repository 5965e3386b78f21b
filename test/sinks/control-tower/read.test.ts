/** What is asked of the read model: which rows, in which order, page by page. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import type * as Events from '../../../schemas/generated/events.ts'
import * as topics from '../../../schemas/topics.ts'
import { type CaseFilter, casesAfter, overview, troublesOf } from '../../../sinks/control-tower/read-cases.ts'
import { type ShipmentFilter, shipmentsAfter, shipmentWhole } from '../../../sinks/control-tower/read-shipments.ts'
import { openReader, type Snapshot } from '../../../sinks/control-tower/reader.ts'
import { openViews } from '../../../sinks/control-tower/views.ts'
import { later, minutes } from '../../../streams/time.ts'
import { aCase, at, eta, milestone, NOBODY, plan, sighting, tell, type Told, writer } from './telling.ts'

const NOW = at('2026-03-01T12:00:00Z')
const minute = (n: number) => later(NOW, minutes(n))

/** Asks the read model that holds this. */
async function holding(context: TestContext, ...told: readonly Told[]) {
  const dir = mkdtempSync(join(tmpdir(), 'milepost-reading-'))
  const views = openViews(dir, 'log-1')
  const reader = openReader(dir)
  context.after(() => {
    reader.close()
    views.close()
    rmSync(dir, { recursive: true })
  })
  await writer(views)(...told)
  return <T>(work: (at: Snapshot) => T): T => reader.snapshot(work)
}
const plans = (...some: readonly Events.ShipmentPlan[]) => tell(topics.shipmentPlans, ...some)
const referring = (shipmentId: string, ...values: readonly string[]) =>
  plan(shipmentId, { references: values.map(value => ({ scheme: 'po', value })) })

describe('a page of shipments', () => {
  const idsOf =
    (filter: ShipmentFilter, after = '', limit = 9) =>
    (at: Snapshot) =>
      shipmentsAfter(at, filter, after, limit).map(({ plan }) => plan.shipmentId)

  test('begins after the one named, with no more than asked for, whichever came first', async t => {
    const ask = await holding(t, plans(plan('d'), plan('b'), plan('c'), plan('a')))
    assert.deepEqual(ask(idsOf({}, 'b')), ['c', 'd'])
    assert.deepEqual(ask(idsOf({}, 'bb', 1)), ['c'])
  })

  test('is in the order of ids whatever it is filtered by', async t => {
    const parties = { customerId: 'x', carrierId: 'x', companyId: 'x' }
    const some = [
      plan('b', { ...parties, references: [{ scheme: 'po', value: 'p1' }] }),
      plan('a', { ...parties, references: [{ scheme: 'po', value: 'P1' }] }),
    ]
    const opened = ['a', 'b'].map((shipmentId, i) => aCase(shipmentId, minute(-i), { shipmentId }))
    const ask = await holding(t, plans(...some), tell(topics.cases, ...opened))
    for (const filter of [
      { status: 'active' },
      { phase: 'planned' },
      { customerId: 'x' },
      { carrierId: 'x' },
      { companyId: 'x' },
      { hasOpenCase: true },
      { reference: 'p1' },
      { search: 'p' },
    ] as const)
      assert.deepEqual(ask(idsOf(filter)), ['a', 'b'], JSON.stringify(filter))
  })

  test('holds one that two of its references lead to once', async t => {
    const ask = await holding(t, plans(referring('a1', 'a2', 'a3')))
    assert.deepEqual(ask(idsOf({ search: 'a' })), ['a1'])
  })

  test('finds by a beginning, its end and what goes on after it, and not by what stands within', async t => {
    const some = [plan('x-1'), plan('X-10'), plan('x-1😀'), plan('ax-1'), plan('y'), referring('z', 'x-12', 'ax-1')]
    const ask = await holding(t, plans(...some))
    assert.deepEqual(ask(idsOf({ search: 'x-1' })), ['X-10', 'x-1', 'x-1😀', 'z'])
  })

  test('takes signs of a pattern or of SQL as they are', async t => {
    const ask = await holding(t, plans(plan('a%b'), plan('a_b'), plan(`a'b`), plan('a*b'), plan('acb')))
    for (const [search, id] of [
      ['a%', 'a%b'],
      ['a_', 'a_b'],
      [`a'`, `a'b`],
      ['a*', 'a*b'],
    ] as const)
      assert.deepEqual(ask(idsOf({ search })), [id])
  })

  test('a reference is found as a whole only, in the scheme that is named', async t => {
    const ask = await holding(t, plans(referring('a', 'p'), referring('b', 'pp')))
    assert.deepEqual(ask(idsOf({ reference: 'p' })), ['a'])
    assert.deepEqual(ask(idsOf({ reference: 'po|P' })), ['a'])
    assert.deepEqual(ask(idsOf({ reference: 'bol|p' })), [])
  })

  test('forgets the references and the parties of an older plan, and one that was taken back', async t => {
    const older = plan('a', { customerId: 'x', references: [{ scheme: 'po', value: 'p' }] })
    const gone = plan('b', { revision: 2, retracted: true })
    const ask = await holding(t, plans(older, plan('b'), { ...referring('a', 'q'), revision: 2 }, gone))
    assert.deepEqual(ask(idsOf({ reference: 'p' })), [])
    assert.deepEqual(ask(idsOf({ customerId: 'x' })), [])
    assert.deepEqual(ask(idsOf({})), ['a'])
  })
})

describe('of one shipment', () => {
  const whole = (at: Snapshot) => {
    const found = shipmentWhole(at, 'S-1')
    assert.ok(found)
    return found
  }

  test('open cases are those that are open or acknowledged, the oldest first', async t => {
    const some = [
      aCase('new', minute(2)),
      aCase('taken', minute(1), { state: 'acknowledged' }),
      aCase('closed', minute(0), { state: 'resolved' }),
      aCase('back', minute(0), { retracted: true }),
      aCase('of another', minute(0), { shipmentId: 'S-2' }),
    ]
    const ask = await holding(t, plans(plan('S-1')), tell(topics.cases, ...some))
    const { standing, cases } = ask(whole)
    assert.deepEqual(
      standing.openCases.map(({ caseId }) => caseId),
      ['taken', 'new'],
    )
    assert.deepEqual(
      cases.map(({ caseId }) => caseId),
      ['back', 'closed', 'taken', 'new'],
    )
  })

  test('milestones come by time; only actual ones that hold say how it stands', async t => {
    const some = [
      milestone('S-1', 'a', 'departed_pickup', minute(3)),
      milestone('S-1', null, 'customs_released', minute(2)),
      milestone('S-1', 'b', 'arrived_at_delivery', minute(1)),
      milestone('S-1', 'b', 'delivered', minute(4), { classifier: 'estimated' }),
      milestone('S-1', 'a', 'loaded', minute(0), { retracted: true }),
    ]
    const ask = await holding(t, plans(plan('S-1')), tell(topics.shipmentMilestones, ...some))
    const codes = (all: readonly Events.ShipmentMilestone[]) => all.map(({ code }) => code)
    const { standing, milestones } = ask(whole)
    const actual = ['arrived_at_delivery', 'customs_released', 'departed_pickup']
    assert.deepEqual(codes(standing.milestones), actual)
    assert.deepEqual(codes(milestones), ['loaded', ...actual, 'delivered'])
    for (const { code, told } of milestones) assert.equal(told.length, 1, code)
  })

  test('ETAs that hold come in the order of stops, those of a stop that the plan has not last', async t => {
    const [from, to] = plan('S-1').stops
    assert.ok(from && to)
    const stops = [from, { ...to, stopId: 'z' }, { ...to, stopId: 'm' }, { ...to, stopId: 'c' }]
    const etas = ['m', 'A', 'z', 'c'].map(stopId => eta('S-1', stopId, NOW, minute(60)))
    const taken = eta('S-1', 'c', NOW, minute(60), { revision: 2, retracted: true })
    const ask = await holding(t, plans(plan('S-1', { stops })), tell(topics.shipmentEtas, ...etas, taken))
    assert.deepEqual(
      ask(whole).standing.etas.map(({ stopId }) => stopId),
      ['z', 'm', 'A'],
    )
  })

  test('evidence comes by time, and the last position is the latest that holds', async t => {
    const [early, late] = [minute(-20), minute(-10)]
    const seen = [
      sighting('S-1', 'arrived', late, { stopId: 'a' }),
      sighting('S-1', 'departed', early, { stopId: 'b' }),
      sighting('S-1', 'progress', late, { vehicleId: 'A' }),
      sighting('S-1', 'progress', early, { vehicleId: 'B' }),
      sighting('S-1', 'progress', NOW, { retracted: true }),
    ]
    const said = [late, early].map((occurredAt, i) => ({
      ...{ occurredAt, shipmentId: 'S-1', reference: 'po|1', partner: 'acme', partnerEventId: `e-${i}` },
      ...{ code: 'loaded', rawCode: null, classifier: 'actual', stopId: 'a', updatedAt: null, versionId: `${i}` },
      ...{ ...NOBODY, revision: 1, retracted: false },
    }))
    const told = [tell(topics.shipmentSightings, ...seen), tell(topics.shipmentEvents, ...said)]
    const { standing, sightings, carrierEvents, positions } = (await holding(t, plans(plan('S-1')), ...told))(whole)
    for (const evidence of [sightings, carrierEvents, positions])
      assert.deepEqual(
        evidence.map(({ occurredAt }) => occurredAt),
        [early, late],
      )
    assert.equal(standing.lastPosition?.occurredAt, late)
  })
})

describe('a page of cases', () => {
  const idsOf =
    (filter: CaseFilter, after?: { openedAt: number; caseId: string }, limit = 9) =>
    (at: Snapshot) =>
      casesAfter(at, filter, after, limit).map(({ caseId }) => caseId)

  test('begins after a place, also between cases of one moment, and with a filter', async t => {
    const some = [aCase('a', NOW), aCase('b', NOW), aCase('c', NOW), aCase('d', minute(-1)), aCase('e', minute(1))]
    const ask = await holding(t, tell(topics.cases, ...some))
    assert.deepEqual(ask(idsOf({}, undefined, 4)), ['e', 'c', 'b', 'a'])
    assert.deepEqual(ask(idsOf({}, { openedAt: NOW, caseId: 'b' })), ['a', 'd'])
    assert.deepEqual(ask(idsOf({ state: ['open'], severity: ['high'] }, { openedAt: NOW, caseId: 'b' })), ['a', 'd'])
  })

  test('of none of the states there are none', async t => {
    const ask = await holding(t, tell(topics.cases, aCase('a', NOW)))
    assert.deepEqual(ask(idsOf({ state: [] })), [])
  })
})

test('shipments that were taken back and cases that are closed are not counted', async t => {
  const shipments = [plan('a'), plan('b'), plan('b', { revision: 2, retracted: true })]
  const some = [
    aCase('1', NOW, { shipmentId: 'b', severity: 'low' }),
    aCase('2', NOW, { shipmentId: 'a', severity: 'high', state: 'acknowledged' }),
    aCase('3', NOW, { shipmentId: 'a', severity: 'high', state: 'resolved' }),
  ]
  const ask = await holding(t, plans(...shipments), tell(topics.cases, ...some))
  assert.deepEqual(ask(overview), {
    phases: { planned: 1, under_way: 0, delivered: 0, cancelled: 0 },
    withOpenCases: 1,
    openCases: { low: 1, medium: 0, high: 1 },
  })
})

test('of troubles the newest are shown, all are counted, and each topic by itself', async t => {
  const late = (n: number, processor = 'follow-vehicles'): Events.Late => ({
    ...{ occurredAt: minute(n), processor, topic: 'telematics.position.v1', key: 'V-1' },
    ...{ ofEventId: `${n}`, reason: `reason ${n}` },
  })
  const refused: Events.Refused = {
    ...{ occurredAt: minute(9), adapter: 'positions', reason: 'x', at: '$', contentType: null, raw: new Uint8Array() },
  }
  const told = [tell(topics.lates, late(1), late(3, 'resolve-references'), late(2)), tell(topics.refusals, refused)]
  const { count, last } = (await holding(t, ...told))(at => troublesOf(at, 'late.v1', 2))
  assert.equal(count, 3)
  assert.deepEqual(
    last.map(({ reason }) => reason),
    ['reason 3', 'reason 2'],
  )
})
