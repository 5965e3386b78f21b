/**
 * Recordings of real vehicles through a real Milepost. They are no part of the repository: where they are not, this is
 * skipped, also where nothing else may be.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { detailsOf, differences, outcomeOf } from '../../tools/chaos/outcome.ts'
import { MOST_LATE_MS } from '../../tools/feeder/disorder.ts'
import { random } from '../../tools/feeder/random.ts'
import { austin } from '../../tools/traces/austin.ts'
import { type Beside, besides } from '../../tools/traces/beside.ts'
import { liverpool } from '../../tools/traces/liverpool.ts'
import { pass, type Passed } from '../../tools/traces/pass.ts'
import { inOrder, plansOf, shuffled } from '../../tools/traces/plans.ts'
import { type Trace, withoutDatasets } from '../../tools/traces/trace.ts'

const skip = withoutDatasets()
const lastOf = ({ fixes }: Trace) => Math.max(...fixes.map(({ occurredAt }) => Date.parse(occurredAt)))
const clock = (at: number | null | undefined) => (at == null ? null : new Date(at).toISOString().slice(11, 19))
const inFull = (rows: readonly Beside[]) =>
  rows.map(({ trip, stopId, arrival, departure, remark }) =>
    [trip.shipmentId, stopId, clock(arrival), clock(departure), remark].join(' '),
  )
const unlike = (rows: readonly Beside[]) => inFull(rows.filter(({ agrees }) => !agrees))

let root: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'milepost-traces-'))
})
after(() => rm(root, { recursive: true, force: true }))

describe('an afternoon of a bus route in Liverpool', { skip, timeout: 120_000 }, () => {
  /** The same trips under other shipments, so that one run answers for all. */
  const also = (name: string, trace: Trace): Trace => ({
    ...trace,
    trips: trace.trips.map(trip => ({ ...trip, shipmentId: `${name}-${trip.shipmentId}` })),
  })
  let assigned: Trace
  let named: Trace
  let wide: Trace
  let passed: Passed
  before(async () => {
    assigned = liverpool()
    named = also('named', assigned)
    wide = also('wide', liverpool(800))
    const others = [
      ...named.trips.flatMap(trip => plansOf(trip, 'named')),
      ...wide.trips.flatMap(trip => plansOf(trip, 'assigned')),
    ]
    const told = [...inOrder(assigned, 'assigned'), ...others].sort((a, b) => a.at - b.at)
    passed = await pass({ root: join(root, 'liverpool'), told, lastAt: lastOf(assigned) })
  })
  const rows = (trace: Trace, style: 'assigned' | 'named' = 'assigned') => besides(trace, style, passed.standing)
  const of = (trips: readonly Beside[], tripId: string, stopId: string) =>
    trips.find(row => row.trip.tripId === tripId && row.stopId === stopId)

  test('all of it is taken', () => {
    assert.equal(passed.positions, 1_533)
    assert.deepEqual(passed.refusals, [])
    assert.equal(passed.standing.shipments.length, 3 * 16)
  })

  test('what is concluded is what the recording shows', () => {
    assert.deepEqual(unlike(rows(assigned)), [])
    assert.deepEqual(unlike(rows(named, 'named')), [])
    assert.deepEqual(unlike(rows(wide)), [])
  })

  test('where the vehicle is on the plan for its trip only, nothing is said that its fixes do not bear out', () => {
    for (const { trip, stopId, inside, arrival, departure } of rows(assigned)) {
      const about = `${trip.tripId} ${stopId}`
      if (inside === null) assert.deepEqual([arrival, departure], [null, null], about)
      else if (arrival !== null) assert.equal(clock(arrival), clock(inside.first), about)
      if (departure !== null) assert.ok(inside && departure > inside.last, about)
    }
    const origins = rows(assigned).filter(({ stopId }) => stopId === 'origin')
    const complete = origins.filter(({ arrival, departure }) => arrival !== null && departure !== null)
    assert.equal(origins.filter(({ inside }) => inside).length, 13, 'trips that are recorded at Queen Square')
    assert.equal(complete.length, 13, 'all of them arrive and depart')
    const { arrival, departure } = of(origins, '1107', 'origin') ?? {}
    assert.deepEqual([clock(arrival), clock(departure)], ['17:03:09', '17:14:15'])
  })

  test('a recording that stops less than two minutes after coming there shows no stay: a wider place does', () => {
    const arrived = (trace: Trace) =>
      rows(trace).flatMap(({ stopId, trip, arrival }) =>
        stopId === 'destination' && arrival !== null ? [`${trip.tripId} ${String(clock(arrival))}`] : [],
      )
    const there = rows(assigned).filter(({ stopId, inside }) => stopId === 'destination' && inside)
    assert.equal(there.length, 10, 'trips that are recorded at Petherick Road')
    assert.deepEqual(arrived(assigned), ['1111 18:08:14'])
    assert.equal(arrived(wide).length, 10)
  })

  test('what was never seen to arrive is late, and nothing else is wrong', () => {
    const open = passed.standing.cases.filter(
      ({ state, subject }) => state === 'open' && assigned.trips.some(({ shipmentId }) => shipmentId === subject.id),
    )
    const unseen = rows(assigned).filter(({ arrival }) => arrival === null)
    assert.deepEqual(
      open.map(({ kind, subject, stopId }) => `${kind} ${subject.id} ${stopId ?? ''}`).sort(),
      unseen.map(({ trip, stopId }) => `late ${trip.shipmentId} ${stopId}`).sort(),
    )
    assert.equal(open.length, 18)
  })

  test('a vehicle that is on the plan for all of the window is taken at its first stay, on whichever trip that was', () => {
    const { arrival, departure, remark } = of(rows(named, 'named'), '1111', 'origin') ?? {}
    assert.deepEqual([clock(arrival), clock(departure)], ['16:03:21', '16:15:49'], 'that was trip 1095')
    assert.equal(remark, 'on another trip of the vehicle')
  })

  test('ClickHouse says what the API says', () => {
    assert.deepEqual(differences('ClickHouse beside the API', passed.views.expected, passed.views.found), [])
  })
})

describe('a day of twenty buses in Austin', { skip, timeout: 180_000 }, () => {
  test('shuffled within 24 h it ends as it does in order, and as the recording shows', async () => {
    const trace = austin('2016-11-24', 20)
    const told = inOrder(trace, 'assigned')
    const lastAt = lastOf(trace)
    const rng = random('austin')
    const calm = await pass({ root: join(root, 'in-order'), told, lastAt })
    const mixed = shuffled(told, MOST_LATE_MS, () => rng.next())
    const wild = await pass({ root: join(root, 'shuffled'), told: mixed, lastAt, concurrency: 4 })

    for (const { refusals, positions } of [calm, wild]) {
      assert.deepEqual(refusals, [])
      assert.equal(positions, trace.fixes.length)
    }
    const [expected, found] = [calm.standing, wild.standing]
    assert.deepEqual(differences('shuffled', outcomeOf(expected), outcomeOf(found)), [])
    assert.deepEqual(differences('shuffled', detailsOf(expected), detailsOf(found)), [])
    const rows = besides(trace, 'assigned', found)
    assert.deepEqual(unlike(rows), [])

    // The comparison reaches something: all that there can be is there.
    const { milestones = [], 'open cases': cases = [] } = outcomeOf(found)
    for (const code of ['arrived_at_pickup', 'departed_pickup', 'arrived_at_delivery', 'departed_delivery'])
      assert.ok(milestones.filter(line => line.includes(code)).length > 50, code)
    for (const kind of ['late', 'missed_milestone'])
      assert.ok(cases.filter(line => line.startsWith(kind)).length > 50, kind)
    const isDisordered = mixed.some((each, i) => {
      const before = mixed[i - 1]
      return each.kind === 'positions' && before?.kind === 'positions' && fixedAt(each) < fixedAt(before)
    })
    assert.ok(isDisordered)
  })
})

const fixedAt = ({ positions: [fix] }: { readonly positions: readonly { readonly occurredAt: string }[] }) =>
  Date.parse(fix?.occurredAt ?? '')
