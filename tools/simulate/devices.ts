/** What the device of a truck sends of a trip: less while parked, nothing in a gap, and now and then something wrong. */
import { type Delivery, type Fix, HOUR, MINUTE, iso, SECOND } from '../feeder/delivery.ts'
import { uploads } from '../feeder/disorder.ts'
import { disturb, type Taken } from '../feeder/faults.ts'
import { around } from '../feeder/places.ts'
import type { Random } from '../feeder/random.ts'
import type { Route, Sample, Span } from '../feeder/route.ts'

export interface Device {
  readonly vehicleId: string
  readonly fixEverySeconds: number
  readonly uploadEverySeconds: number
  /** By how much its clock is ahead. */
  readonly aheadMs: number
}
export interface Reported {
  readonly deliveries: Delivery[]
  /** When its receiver was out of its mind. */
  readonly wild: Span | undefined
}

/** A parked device speaks up so often, and after the first hour this often. */
const PARKED_EVERY = 4 * MINUTE
const ASLEEP_EVERY = 9 * MINUTE
const FAULTS = { jump: 0.0004, nullIsland: 0.0003, inaccurate: 0.0008, future: 0.00005 }
const DISORDER = { buffered: 0.05, duplicate: 0.004 }
const MOST_LATE = 6 * HOUR

/** A device of its own for each vehicle. */
export const deviceOf = (
  rng: Random,
  vehicleId: string,
  every: { readonly fixEverySeconds: number; readonly uploadEverySeconds: number },
): Device => ({
  vehicleId,
  ...every,
  aheadMs: rng.chance(0.03) ? rng.whole(20, 100) * SECOND : 0,
})

/** Of a route between its last report and its end. */
export function report(rng: Random, device: Device, route: Route): Reported {
  const everyMs = device.fixEverySeconds * SECOND
  const samples = [...sparser(route.samples(everyMs))].map((sample): Sample => {
    const call = route.calls.findIndex(({ from, to }) => from - 40_000 <= sample.at && sample.at <= to + 40_000)
    return { ...sample, call }
  })
  const { taken } = disturb(rng, device.vehicleId, samples, route.calls, everyMs, FAULTS)
  const wild = wildSpan(rng, route)
  const strays: number[] = []
  const sent = taken.map(({ at, fix }, i): Taken => {
    const lost = wild && wild.from < at && at < wild.to && i % 5 === 0 && (fix.speedMps ?? 0) > 10
    if (lost) strays.push(at)
    const point = lost ? around(rng, fix, rng.between(60_000, 120_000)) : fix
    const { latitude, longitude } = point
    const occurredAt = at === Date.parse(fix.occurredAt) ? iso(at + device.aheadMs) : fix.occurredAt
    return { at, fix: { ...fix, latitude, longitude, occurredAt } satisfies Fix }
  })
  return {
    deliveries: uploads(rng, sent, device.uploadEverySeconds * SECOND, DISORDER, MOST_LATE).deliveries,
    wild: isMad(strays) ? wild : undefined,
  }
}

function* sparser(samples: Iterable<Omit<Sample, 'call'>>): Generator<Omit<Sample, 'call'>> {
  let last = -Infinity
  let parkedSince = Infinity
  for (const sample of samples) {
    const parked = sample.speedMps === 0
    if (!parked) parkedSince = Infinity
    else if (parkedSince === Infinity) parkedSince = last = sample.at
    else if (sample.at - last < (sample.at - parkedSince > HOUR ? ASLEEP_EVERY : PARKED_EVERY)) continue
    last = sample.at
    yield sample
  }
}

/** Whether anybody would say so: three strays within an hour. */
const isMad = (strays: readonly number[]): boolean => strays.some((at, i) => at - (strays[i - 2] ?? -Infinity) < HOUR)

function wildSpan(rng: Random, route: Route): Span | undefined {
  const lasts = rng.between(45, 90) * MINUTE
  const from = route.start + rng.next() * (route.here.at - route.start - lasts)
  return rng.chance(0.012) ? { from, to: from + lasts } : undefined
}
