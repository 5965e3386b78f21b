/** How a vehicle moves: a line through time and space, built act by act, and the fixes that its device takes of it. */
import { MINUTE, SECOND } from './delivery.ts'
import { along, courseDeg, distanceM, offset, type Place, type Point } from './places.ts'
import type { Random } from './random.ts'

export interface Span {
  readonly from: number
  readonly to: number
}
/** A time spent at a place: parked there, or only driven through. */
export interface Call extends Span {
  readonly place: Place
  readonly kind: 'stay' | 'pass'
  readonly interrupted: boolean
}
/** What a device saw, before anything goes wrong with it. `call` is the index of the call it lies inside of, or -1. */
export interface Sample extends Point {
  readonly at: number
  readonly speedMps: number
  readonly courseDeg: number
  readonly call: number
}
interface Knot extends Point {
  readonly at: number
}

const EDGE_M = 2_500
const TOWN_KMH = 30

/** A vehicle's way, from one act to the next. Speeds lie within 20–90 km/h, times are whole seconds. */
export class Route {
  readonly calls: Call[] = []
  readonly legs: Span[] = []
  /** Times at which the device does take a fix, whatever its rhythm. */
  readonly mustSee: number[] = []
  /** When the device is off. */
  readonly unseen: Span[] = []
  readonly #rng: Random
  readonly #knots: Knot[]

  constructor(rng: Random, from: Point, at: number) {
    this.#rng = rng
    this.#knots = [{ at: Math.round(at / SECOND) * SECOND, latitude: from.latitude, longitude: from.longitude }]
  }

  get here(): Knot {
    return this.#knots.at(-1) as Knot
  }
  get start(): number {
    return (this.#knots[0] as Knot).at
  }

  #arrive({ latitude, longitude }: Point, afterMs: number) {
    this.#knots.push({ at: this.here.at + Math.max(1, Math.round(afterMs / SECOND)) * SECOND, latitude, longitude })
  }

  /** Stand still, away from every planned place. */
  rest(ms: number): void {
    this.#arrive(this.here, ms)
  }

  /** Straight to a point, at one speed: a step of a way that somebody else knows. */
  goTo(to: Point, kmh: number): void {
    this.#arrive(to, (distanceM(this.here, to) / kmh) * 3_600)
  }

  /** Drive in a slight bow; in town speed for the first and last 2.5 km. */
  driveTo(to: Point, { kmh = this.#rng.between(62, 82), townKmh = TOWN_KMH } = {}): void {
    const from = this.here
    const distance = distanceM(from, to)
    const edge = Math.min(EDGE_M, distance * 0.3)
    const bow = this.#rng.between(-0.03, 0.03) * distance
    const [northM, eastM] = [(to.longitude - from.longitude) * 1e5, (from.latitude - to.latitude) * 1e5]
    const across = Math.hypot(northM, eastM) || 1
    const point = (fraction: number) => {
      const aside = (bow * Math.sin(Math.PI * fraction) ** 2) / across
      return offset(along(from, to, fraction), northM * aside, eastM * aside)
    }
    const parts = Math.max(2, Math.ceil((distance - 2 * edge) / 8_000))
    const step = (next: Point, speedKmh: number) => {
      this.#arrive(next, (distanceM(this.here, next) / speedKmh) * 3_600)
    }
    step(point(edge / distance), townKmh)
    for (let part = 1; part <= parts; part++) {
      const fraction = (edge + ((distance - 2 * edge) * part) / parts) / distance
      step(point(fraction), Math.min(88, kmh * this.#rng.between(0.9, 1.07)))
    }
    step(to, townKmh)
    this.legs.push({ from: from.at, to: this.here.at })
  }

  /** Park at a place, having driven there. An interrupted stay is left for some 3–4 minutes in the middle. */
  stayAt(place: Place, ms: number, { interrupted = false } = {}): void {
    const from = this.here.at
    this.#arrive(place, interrupted ? ms / 2 : ms)
    if (interrupted) {
      const round = this.#rng.between(0, 2 * Math.PI)
      const outside = offset(place, 850 * Math.cos(round), 850 * Math.sin(round))
      this.#arrive(outside, 95 * SECOND)
      this.mustSee.push(this.here.at)
      this.#arrive(place, 95 * SECOND)
      this.#arrive(place, ms / 2)
    }
    this.calls.push({ place, kind: 'stay', interrupted, from, to: this.here.at })
  }

  /** Drive through a place without stopping and on to a point beyond it. */
  passBy(place: Place, beyond: Point): void {
    this.driveTo(place, { townKmh: 50 })
    const at = this.here.at
    this.mustSee.push(at)
    this.calls.push({ place, kind: 'pass', interrupted: false, from: at, to: at })
    this.driveTo(beyond, { kmh: 60, townKmh: 50 })
  }

  /** Where the vehicle is at a time; its ends before and after. */
  at(time: number): Point {
    const next = this.#knots.findIndex(knot => knot.at >= time)
    const [a, b] = [this.#knots[next - 1], this.#knots[next]]
    if (!b) return this.here
    return a ? along(a, b, (time - a.at) / (b.at - a.at)) : b
  }

  /** The fixes of a device that takes one every so many milliseconds, in order. Parked ones shiver by some metres. */
  *samples(everyMs: number): Generator<Omit<Sample, 'call'>> {
    const wanted = [...this.mustSee].sort((a, b) => a - b)
    const spare = everyMs / 3
    let leg = 1
    let must = 0
    for (let next = this.start + Math.round(this.#rng.between(0, everyMs) / SECOND) * SECOND; ;) {
      const before = wanted[must]
      let time = next
      if (before !== undefined && before <= next + spare) {
        time = before
        must++
        if (Math.abs(before - next) <= spare) next += everyMs
      } else next += everyMs
      if (time > this.here.at) return
      while ((this.#knots[leg] as Knot).at < time) leg++
      const [a, b] = [this.#knots[leg - 1] as Knot, this.#knots[leg] as Knot]
      if (this.unseen.some(({ from, to }) => from <= time && time <= to)) continue
      const parked = a.latitude === b.latitude && a.longitude === b.longitude
      const exact = parked ? a : along(a, b, (time - a.at) / (b.at - a.at))
      const point = parked ? offset(exact, this.#rng.between(-20, 20), this.#rng.between(-20, 20)) : exact
      const speedMps = parked ? 0 : Math.round((distanceM(a, b) / (b.at - a.at)) * 10_000) / 10
      yield { at: time, ...point, speedMps, courseDeg: parked ? 0 : courseDeg(a, b) }
    }
  }
}

/** What lies clearly inside, and what clearly outside, in radii. A device of the feeder takes no fix in between. */
const INSIDE = 0.7
const OUTSIDE = 1.3

/**
 * The samples about which nobody can be in doubt: each lies well within a place that the vehicle calls at then, or
 * well outside all places that a plan may watch for it. The others are left out, as if not taken.
 */
export function* undoubted(
  samples: Iterable<Omit<Sample, 'call'>>,
  calls: readonly Call[],
  watched: readonly Place[],
): Generator<Sample> {
  let first = 0
  for (const sample of samples) {
    while ((calls[first]?.to ?? Infinity) < sample.at - 5 * MINUTE) first++
    const near = watched.find(
      place => Math.abs(place.latitude - sample.latitude) < 0.01 && distanceM(place, sample) < place.radiusM * OUTSIDE,
    )
    if (!near) {
      yield { ...sample, call: -1 }
      continue
    }
    if (distanceM(near, sample) > near.radiusM * INSIDE) continue
    for (let call = first; call < calls.length && (calls[call] as Call).from - 5 * MINUTE <= sample.at; call++) {
      if ((calls[call] as Call).place !== near) continue
      yield { ...sample, call }
      break
    }
  }
}
