/** What is said of vehicles that jump and of feeds that are silent, by the whole pipeline. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { processors } from '../../app/pipeline.ts'
import { digest } from '../../streams/event.ts'
import { cases, caseActions, sourcesHeard, telematicsPositions, vehicleJumps } from '../../schemas/topics.ts'
import { type Delivery, drive } from '../../streams/drive.ts'
import type { AnyProcessor } from '../../streams/processor.ts'
import { type Instant, later, minutes } from '../../streams/time.ts'
import { emit } from '../../streams/topic.ts'
import { likeness } from '../laws/laws.ts'
import { options } from '../support/pipeline.ts'
import { fix, t, TRUCK } from '../support/scene.ts'

/** A fix each minute on one road; `astray` are the minutes of those that are a hundred kilometres off. */
const minutely = (count: number, astray: readonly number[]): Delivery[] =>
  Array.from({ length: count }, (_, minute) => {
    const occurredAt = later(t('10:00'), minutes(minute))
    const latitude = 53.5 + minute * 0.005 + (astray.includes(minute) ? 1 : 0)
    return emit(
      telematicsPositions,
      { ...fix('10:00', 'a7'), occurredAt, latitude },
      { source: 'tracker', receivedAt: later(occurredAt, 2_000) },
    )
  })
const heardAt = (minute: number): Delivery => {
  const occurredAt = later(t('00:00'), minutes(minute))
  return emit(sourcesHeard, { occurredAt, sourceId: 'partner:nordic' }, { receivedAt: occurredAt })
}

const DAY = 24 * 60
/** Every five minutes. */
const fives = (from: number, until: number) =>
  Array.from({ length: (until - from) / 5 }, (_, n) => heardAt(from + n * 5))

async function told(
  said: readonly Delivery[],
  end: Instant,
  ticks: ReadonlyMap<number, Instant> = new Map(),
  pipeline: readonly AnyProcessor[] = processors,
) {
  const driver = await drive(pipeline, options)
  for (const [i, delivery] of said.entries()) {
    const tick = ticks.get(i)
    if (tick !== undefined) await driver.tick(tick)
    await driver.feed(delivery)
  }
  await driver.tick(end)
  return driver
}
const said = (driver: Awaited<ReturnType<typeof drive>>) => driver.written(cases).map(({ value }) => value)
const current = (driver: Awaited<ReturnType<typeof drive>>) =>
  said(driver)
    .filter((one, i, all) => !one.retracted && !all.slice(i + 1).some(({ caseId }) => caseId === one.caseId))
    .map(one => JSON.stringify({ ...one, revision: 0 }))
    .sort()

test('a vehicle that jumps three times within an hour is a case, until it has not for an hour', async () => {
  const driver = await told(minutely(40, [5, 15, 25]), t('10:45'))
  assert.deepEqual(
    said(driver).map(({ kind, subjectId, state, openedAt }) => [kind, subjectId, state, openedAt]),
    [['impossible_movement', TRUCK, 'open', t('10:25')]],
  )
  await driver.tick(t('11:25'))
  const last = said(driver).at(-1)
  assert.deepEqual([last?.state, last?.closedAt, said(driver).length], ['resolved', t('11:25'), 2])
})

test('a bout around midnight stays as it was told when its jumps are let go', async () => {
  const jumpAt = (occurredAt: Instant) => {
    const value = { occurredAt, vehicleId: TRUCK, positionId: String(occurredAt), latitude: 54, longitude: 10 }
    return emit(vehicleJumps, { ...value, revision: 1, retracted: false }, { receivedAt: occurredAt })
  }
  const midnight = t('Tue 00:00')
  const driver = await told(
    [-20, -10, 10, 20].map(minute => jumpAt(later(midnight, minutes(minute)))),
    later(midnight, minutes(90)),
  )
  assert.equal(said(driver).at(-1)?.state, 'resolved')
  const count = said(driver).length
  for (let day = 1; day < 12; day++) await driver.tick(later(midnight, minutes(day * DAY + 1)))
  assert.equal(said(driver).length, count)
})

test('who comes after a fix that jumps is not said to jump, and two jumps are no case', async () => {
  const driver = await told(minutely(40, [5, 15]), t('12:00'))
  assert.deepEqual(
    driver.written(vehicleJumps).map(({ value }) => [value.occurredAt, value.retracted]),
    [
      [t('10:05'), false],
      [t('10:15'), false],
    ],
  )
  assert.deepEqual(said(driver), [])
})

const bySource = digest('stale_source', 'source', 'partner:nordic', '')
test('a feed that is silent for much longer than usual is a case, until it speaks; a person may close it before', async () => {
  const driver = await told(fives(-DAY, 300), t('05:24'))
  assert.deepEqual(said(driver), [])
  await driver.tick(t('05:26'))
  const [silent] = said(driver)
  assert.deepEqual(
    [silent?.kind, silent?.caseId, silent?.severity, silent?.state, silent?.openedAt],
    ['stale_source', bySource, 'high', 'open', t('05:25')],
  )
  const { caseId, subjectId, subjectKind, basis } = silent ?? assert.fail()
  const done = {
    caseId,
    subjectId,
    subjectKind,
    basis,
    occurredAt: t('05:30'),
    action: 'resolve',
    by: 'ann',
    text: null,
  }
  await driver.feed(emit(caseActions, done as never, { receivedAt: t('05:30') }))
  assert.equal(said(driver).at(-1)?.closedBy, 'ann')
  await driver.feed(heardAt(360))
  await driver.tick(t('06:01'))
  const last = said(driver).at(-1)
  assert.deepEqual([last?.state, last?.closedBy, last?.closedAt], ['resolved', null, t('06:00')])
})

for (const [name, hours] of [
  ['of nine hours', 9],
  ['of a day and a half', 36],
  ['of two weeks', 14 * 24],
] as const)
  test(`a silence ${name} is over when the feed speaks, and stays so`, async () => {
    const driver = await told(fives(-DAY, 20), later(t('00:00'), minutes(hours * 60)))
    assert.equal(said(driver).at(-1)?.state, 'open')
    const again = 15 + hours * 60
    for (const one of fives(again, again + 2 * DAY)) {
      await driver.feed(one)
      await driver.tick(later(one.value.occurredAt, 2_000))
    }
    const [last, ...more] = said(driver).slice(1)
    assert.deepEqual([last?.state, last?.closedAt], ['resolved', later(t('00:00'), minutes(again))])
    assert.deepEqual(more, [])
  })

/** Minutes of a feed and fixes of a truck, astray now and then; in any order, some twice, while the clock goes on. */
const days = fc
  .tuple(
    fc.array(fc.constantFrom(1, 1, 2, 3, 40, 90), { minLength: 33, maxLength: 45 }),
    fc.array(fc.integer({ min: 1, max: 38 }), { maxLength: 6 }),
  )
  .map(([gaps, astray]) => {
    let minute = 0
    const dayBefore = Array.from({ length: 112 }, (_, n) => heardAt((n - 112) * 13))
    return [...dayBefore, ...gaps.map(gap => heardAt((minute += gap))), ...minutely(40, astray)]
  })
  .chain(all =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all.slice(0, 9)], { minLength: all.length + 9 })),
  )
const times = fc
  .array(fc.nat(90), { maxLength: 6 })
  .map(places => new Map(places.sort((a, b) => a - b).map((at, i) => [at, later(t('08:00'), minutes(i * 37))])))
const watchers = processors.filter(({ name }) => ['follow-vehicles', 'watch-vehicles', 'watch-sources'].includes(name))
const ends = fc.constantFrom(t('11:30'), t('12:00'), t('Tue 08:00'))
const anyOrder = (pipeline: readonly AnyProcessor[], reached = new Map<string, number>()) =>
  fc.asyncProperty(days, times, times, ends, async ([inOrder, otherwise], some, others, end) => {
    const one = current(await told(inOrder, end, some, pipeline))
    for (const kind of ['impossible_movement', 'stale_source'])
      if (one.some(text => text.includes(kind))) reached.set(kind, (reached.get(kind) ?? 0) + 1)
    assert.deepEqual(current(await told(otherwise, end, others, pipeline)), one)
  })

test('law: in any order, any number of times, however time passes: the same vehicles jump, the same feeds are silent', async t => {
  const reached = new Map<string, number>()
  await fc.assert(anyOrder(watchers, reached), { numRuns: 200 })
  t.diagnostic(`of 200 runs: ${[...reached].map(([kind, n]) => `${kind} ${n}`).join(', ')}`)
  for (const kind of ['impossible_movement', 'stale_source']) assert.ok((reached.get(kind) ?? 0) > 20, kind)
})

for (const [name, topic] of [
  ['watch-vehicles', 'vehicle.jump.v1'],
  ['watch-sources', 'source.heard.v1'],
] as const)
  test(`the law finds a ${name} that forgets what comes late`, async () => {
    const mutants = watchers.map(one => {
      if (one.name !== name) return one
      const mutant = likeness(one)
      const right = one.handlers.get(topic) ?? assert.fail()
      mutant.handlers.set(topic, {
        ...right,
        step: (head, kept, event, tick) => {
          return event.occurredAt < tick - minutes(5) ? { drop: 'late' } : right.step(head, kept, event, tick)
        },
      })
      return mutant
    })
    assert.ok((await fc.check(anyOrder(mutants), { numRuns: 100, seed: 1, endOnFailure: true })).failed)
  })
