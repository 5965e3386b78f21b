import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eventClock, liveClock, nextTick, startTicking } from '../../ingest/clock.ts'
import { localWire } from '../../schemas/codec.ts'
import { LogUnavailable } from '../../streams/log/log.ts'
import type { Instant } from '../../streams/time.ts'
import { MemoryLog, partitionsOf, t } from './support/records.ts'

const WALL = t('2026-06-01T00:00:00Z')
const noon = (seconds: number) => (t('2026-03-01T12:00:00Z') + seconds * 1_000) as Instant

describe('in live mode', () => {
  test('a delivery is received by the wall clock, whatever it says, and moves nothing', () => {
    const clock = liveClock(() => WALL)
    assert.deepEqual(clock.stamp([t('2099-01-01T00:00:00Z')]), { receivedAt: WALL, tick: null, reached: WALL })
  })

  test('the next tick is the wall clock’s unless that stood still or went back; a leap is told', () => {
    assert.deepEqual(nextTick(0 as Instant, noon(0)), { tick: noon(0), leaptMs: null })
    assert.deepEqual(nextTick(noon(0), noon(1)), { tick: noon(1), leaptMs: null })
    assert.deepEqual(nextTick(noon(0), noon(7_200)), { tick: noon(7_200), leaptMs: 7_200_000 })
    assert.equal(nextTick(noon(0), noon(0)), null)
    assert.equal(nextTick(noon(0), noon(-3_600)), null)
  })

  test('ticks go on through a clock that leaps and a log that is away, and never go back', async () => {
    const log = new MemoryLog()
    const said: string[] = []
    const note = (_: object, message: string) => void said.push(message)
    const over = Promise.withResolvers<undefined>()
    /** What the wall clock shows at each look, and whether the log is away then. */
    const looks = [[0], [1], [-600], [2], [3, 'away'], [4, 'away'], [5], [90_000], [90_000]] as [number, string?][]
    const wall = () => {
      const [seconds, away] = looks.shift() ?? [90_000]
      log.failure = away === undefined ? undefined : new LogUnavailable('disk full')
      if (looks.length === 0) over.resolve(undefined)
      return noon(seconds)
    }
    const ticking = startTicking({
      appender: log,
      wire: localWire,
      partitionsOf,
      wall,
      everyMs: 1,
      log: { warn: note, error: note },
    })
    await over.promise
    await ticking.stop()
    assert.deepEqual(
      log.ticks(),
      [0, 1, 2, 5, 90_000].map(s => new Date(noon(s)).toISOString()),
    )
    assert.deepEqual(
      said.map(text => text.replace(/:.*/, '')),
      ['the clock cannot tick', 'the wall clock leapt ahead by more than an hour'],
    )
  })

  test('days between two runs are no leap of the clock', async () => {
    const log = new MemoryLog()
    const over = Promise.withResolvers<undefined>()
    const wall = () => {
      if (log.ticks().length > 0) over.resolve(undefined)
      return noon(0)
    }
    const silent = () => assert.fail('nothing is wrong')
    const from = noon(-90_000)
    const ticking = startTicking({
      ...{ appender: log, wire: localWire, partitionsOf, wall, from, everyMs: 1 },
      log: { warn: silent, error: silent },
    })
    await over.promise
    await ticking.stop()
    assert.equal(log.ticks().length, 1)
  })

  test('a bug in the log ends the ticking loudly', async () => {
    const log = new MemoryLog()
    log.failure = new TypeError('a bug')
    const quiet = () => undefined
    const ticking = startTicking({ appender: log, wire: localWire, partitionsOf, log: { warn: quiet, error: quiet } })
    await assert.rejects(ticking.done, /a bug/)
  })
})

describe('in event mode', () => {
  test('the tick is the highest occurredAt so far, this delivery included', () => {
    const clock = eventClock(noon(0), () => WALL)
    const first = clock.stamp([noon(10), noon(30), noon(20)])
    assert.deepEqual(first, { receivedAt: noon(30), tick: noon(30), reached: noon(30) })
    clock.keep(first)
    assert.deepEqual(clock.stamp([noon(5)]), { receivedAt: noon(30), tick: null, reached: noon(30) })
  })

  test('what lies after the wall clock moves nothing; five minutes are forgiven', () => {
    const clock = eventClock(noon(0), () => WALL)
    assert.equal(clock.stamp([t('2099-01-01T00:00:00Z')]).receivedAt, noon(0))
    assert.equal(clock.stamp([t('2026-06-01T00:05:00.001Z')]).receivedAt, noon(0))
    assert.equal(clock.stamp([t('2026-06-01T00:05:00Z')]).receivedAt, t('2026-06-01T00:05:00Z'))
  })

  test('a tick is told once it has moved by a second, counted from the last one told', () => {
    const clock = eventClock(noon(0), () => WALL)
    const ticks: (Instant | null)[] = []
    for (const seconds of [0.4, 0.8, 1.2, 1.9, 2.2]) {
      const stamp = clock.stamp([noon(seconds)])
      clock.keep(stamp)
      ticks.push(stamp.tick)
    }
    assert.deepEqual(ticks, [null, null, noon(1.2), null, noon(2.2)])
  })

  test('what was not kept has not happened: the next delivery tells the tick', () => {
    const clock = eventClock(noon(0), () => WALL)
    clock.stamp([noon(100)])
    assert.deepEqual(clock.stamp([noon(50)]), { receivedAt: noon(50), tick: noon(50), reached: noon(50) })
  })

  test('deliveries that are kept in another order move it once', () => {
    const clock = eventClock(noon(0), () => WALL)
    const [early, late] = [clock.stamp([noon(10)]), clock.stamp([noon(60)])]
    clock.keep(late)
    clock.keep(early)
    assert.equal(clock.now(), noon(60))
    assert.equal(clock.stamp([noon(60.5)]).tick, null)
  })

  test('it may be moved by hand, beyond the wall clock too, and never back', () => {
    const clock = eventClock(noon(0), () => WALL)
    const moved = clock.moveTo(t('2030-01-01T00:00:00Z'))
    assert.equal(moved.tick, t('2030-01-01T00:00:00Z'))
    clock.keep(moved)
    assert.deepEqual(clock.moveTo(noon(5)), { receivedAt: clock.now(), tick: null, reached: clock.now() })
    assert.equal(clock.now(), t('2030-01-01T00:00:00Z'))
  })

  test('moved by hand it tells a tick however little it moves', () => {
    assert.equal(eventClock(noon(0), () => WALL).moveTo(noon(0.5)).tick, noon(0.5))
  })
})
