import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DayAhead, type Fix, type Shift, Wheel } from '../../domain/driving.ts'
import { hours, type Instant, later, minutes } from '../../streams/time.ts'
import { places, t, TRUCK } from '../support/scene.ts'

/** So far north of Hamburg at this time. */
const north = (clock: string, km: number, vehicleId = TRUCK): Fix => ({
  vehicleId,
  occurredAt: t(clock),
  latitude: places.hamburg.latitude + km / 111.2,
  longitude: places.hamburg.longitude,
})
/** Every five minutes from one time to another, so fast. */
function driven(from: string, until: string, kmh: number, km = 0): Fix[] {
  const track: Fix[] = []
  for (let at = t(from); at <= t(until); at = later(at, minutes(5)))
    track.push({ ...north('00:00', km + (kmh * (at - t(from))) / hours(1)), occurredAt: at })
  return track
}
function shiftAfter(...track: Fix[]): Shift | undefined {
  const wheel = new Wheel()
  for (const fix of track) wheel.add(fix)
  return wheel.shift
}
const speedAfter = (...track: Fix[]) => Math.round((shiftAfter(...track)?.speedMps ?? 0) * 3.6)

describe('speed', () => {
  test('less than five kilometres of way say nothing of it', () => {
    assert.equal(speedAfter(north('08:00', 0), north('08:05', 4)), 0)
    assert.equal(speedAfter(north('08:00', 0), north('08:05', 6)), 72)
  })
  test('a way that began more than two hours before the newest position says nothing of it', () => {
    assert.equal(speedAfter(north('07:52', 0), north('08:00', 10), north('08:06', 20), north('10:04', 20)), 0)
    assert.equal(speedAfter(north('07:52', 0), north('08:04', 10), north('08:10', 20), north('10:04', 20)), 100)
  })
  test('standing does not slow it, and another vehicle’s is another', () => {
    assert.equal(speedAfter(north('08:00', 0), north('08:10', 10), north('09:00', 10), north('09:10', 20)), 60)
    assert.equal(speedAfter(north('08:00', 0), north('08:10', 10), north('08:20', 10, 'OTHER')), 0)
  })
})

describe('a driver’s day', () => {
  test('a break of 45 minutes begins the stretch anew, less does not', () => {
    assert.equal(shiftAfter(...driven('08:00', '10:00', 80))?.stretchMs, hours(2))
    const waited = [...driven('08:00', '10:00', 80), north('10:40', 160), ...driven('10:45', '11:00', 80, 167)]
    assert.equal(shiftAfter(...waited)?.stretchMs, hours(2) + minutes(20))
    const rested = [...driven('08:00', '10:00', 80), north('10:45', 160), ...driven('10:50', '11:00', 80, 167)]
    assert.deepEqual([shiftAfter(...rested)?.stretchMs, shiftAfter(...rested)?.dayMs], [minutes(15), hours(2.25)])
  })
  test('a night of nine hours or more begins the day anew', () => {
    const slept = [...driven('08:00', '10:00', 80), north('19:00', 160), ...driven('19:05', '20:00', 80, 167)]
    const { dayMs, onDutySince } = shiftAfter(...slept) as Shift
    assert.deepEqual([dayMs, onDutySince], [hours(1), t('19:00')])
    const dozed = [...driven('08:00', '10:00', 80), north('18:55', 160), ...driven('19:00', '20:00', 80, 167)]
    assert.equal(shiftAfter(...dozed)?.onDutySince, t('08:00'))
  })
  test('who stood is told from who moves', () => {
    assert.equal(shiftAfter(...driven('08:00', '08:30', 80))?.standsSince, undefined)
    assert.equal(shiftAfter(...driven('08:00', '08:30', 80), north('09:00', 40))?.standsSince, t('08:30'))
  })
  test('in a long silence the way was driven, and the rest of the time was rest', () => {
    const silent = shiftAfter(north('08:00', 0), north('20:00', 130))
    assert.ok(silent && silent.dayMs > hours(1.9) && silent.dayMs < hours(2.1))
    assert.equal(silent.stretchMs, silent.dayMs)
  })
  test('of one who has not been seen nothing is known', () => assert.equal(shiftAfter(), undefined))
})

describe('what a day still comes to', () => {
  const at = t('08:00')
  const fresh: Shift = { at, stretchMs: 0, dayMs: 0, onDutySince: at, standsSince: undefined, speedMps: undefined }
  const after = (shift: Shift, go: (day: DayAhead) => void): number => {
    const day = new DayAhead(shift)
    go(day)
    return (day.at - at) / hours(1)
  }
  test('4.5 hours are driven at a stretch, a break follows, and after nine hours a night', () => {
    assert.equal(
      after(fresh, day => {
        day.drive(hours(4.5))
      }),
      4.5,
    )
    assert.equal(
      after(fresh, day => {
        day.drive(hours(5))
      }),
      5.75,
    )
    assert.equal(
      after(fresh, day => {
        day.drive(hours(10))
      }),
      10 + 0.75 + 11,
    )
  })
  test('after 13 hours on duty there is a night, however little was driven', () => {
    const waited = { ...fresh, onDutySince: later(at, -hours(12)) }
    assert.equal(
      after(waited, day => {
        day.drive(hours(2))
      }),
      13,
    )
  })
  test('a stay of 45 minutes is a break, one of eleven hours a night', () => {
    const tired = { ...fresh, stretchMs: hours(4), dayMs: hours(8) }
    assert.equal(
      after(tired, day => {
        day.stand(minutes(45))
        day.drive(hours(1))
      }),
      1.75,
    )
    assert.equal(
      after(tired, day => {
        day.stand(hours(11))
        day.drive(hours(4))
      }),
      15,
    )
  })
  test('who has stood for three hours, or is tired and has stood longer than a break, sleeps on', () => {
    const rests = (standsSince: Instant, more: Partial<Shift> = {}) =>
      after({ ...fresh, standsSince, ...more }, day => {
        day.endRest({ ...fresh, standsSince, ...more })
        day.drive(hours(1))
      })
    assert.equal(rests(t('05:00')), 9)
    assert.equal(rests(t('05:05')), 1)
    assert.equal(rests(t('07:00'), { dayMs: hours(8) }), 11)
    assert.equal(rests(t('07:30'), { dayMs: hours(8) }), 1)
  })
})
