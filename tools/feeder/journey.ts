/** One journey of a truck: where it drives, whom it carries, and what goes wrong on the way. */
import { MINUTE, type StopKind } from './delivery.ts'
import type { Scenario } from './features.ts'
import { around, cityAway, type Place, warehouse } from './places.ts'
import type { Random } from './random.ts'
import { Route, type Span } from './route.ts'

export interface Wishes {
  readonly scenario: Scenario
  readonly driveBy: boolean
  readonly interruptedStay: boolean
  readonly late: boolean
}
/** A place on the way, as it really went. */
export interface Halt extends Span {
  readonly place: Place
  /** Whether positions or, where the device was off, the carrier can tell of it. */
  readonly known: 'by positions' | 'by carrier' | 'not at all'
  /** The time in the middle of the way there. */
  readonly onTheWayAt: number
}
/** A shipment on board: which of the halts are its stops. */
export interface Load {
  readonly stops: readonly { readonly halt: number; readonly kind: StopKind }[]
}
export interface Journey extends Wishes {
  readonly halts: readonly Halt[]
  readonly loads: readonly Load[]
  /** Where the second vehicle drove, when the first was swapped for it. It takes over at `relief.takesOverAt`. */
  readonly relief?: { readonly route: Route; readonly takesOverAt: number }
}

const load = (...stops: [halt: number, kind: StopKind][]): Load => ({
  stops: stops.map(([halt, kind]) => ({ halt, kind })),
})
const direct = load([0, 'pickup'], [1, 'delivery'])
const overHub = load([0, 'pickup'], [1, 'via'], [2, 'delivery'])
const twoDrops = load([0, 'pickup'], [1, 'delivery'], [2, 'delivery'])

const loadsOf: Record<Scenario, readonly Load[]> = {
  plain: [direct],
  via: [overHub],
  milkRun: [twoDrops],
  roundTrip: [twoDrops],
  sharedTruck: [direct, direct],
  interleavedTruck: [load([0, 'pickup'], [2, 'delivery']), load([1, 'pickup'], [3, 'delivery'])],
  swapped: [direct],
  cancelled: [direct],
  stopAdded: [overHub],
  stopRemoved: [overHub],
  firstSkipped: [twoDrops],
  middleSkipped: [overHub],
  silent: [direct],
  vanished: [direct],
}

/**
 * Drive a journey at the end of a route. `known` are the places that the vehicle has been told of before; the new
 * ones are added. A journey lasts some 3–12 h.
 */
export function drive(rng: Random, route: Route, known: Place[], wishes: Wishes): Journey {
  const { scenario } = wishes
  const loads = loadsOf[scenario]
  const count = 1 + Math.max(...loads.flatMap(({ stops }) => stops.map(stop => stop.halt)))
  const skipped = scenario === 'firstSkipped' ? 0 : scenario === 'middleSkipped' ? 1 : -1
  const deviceOff = scenario === 'middleSkipped' ? 0 : -1
  const visible = Array.from({ length: count }, (_, halt) => halt).filter(
    halt => halt !== skipped && halt !== deviceOff && !(scenario === 'vanished' && halt > 0),
  )
  const passed = wishes.driveBy ? rng.pick(visible) : -1
  const interrupted = wishes.interruptedStay ? rng.pick(visible) : -1

  const halts: Halt[] = []
  for (let halt = 0; halt < count; halt++) {
    const long = scenario === 'silent' && halt === 1
    const place =
      scenario === 'roundTrip' && halt === 2
        ? (halts[0] as Halt).place
        : warehouse(rng, cityAway(rng, route.here, halt === 0 ? 30 : long ? 150 : 80, long ? 280 : 200), known)
    if (!known.includes(place)) known.push(place)

    const leg = route.legs.length
    if (halt === skipped) {
      if (rng.chance(0.5)) route.passBy(place, around(rng, place, rng.between(12_000, 15_000)))
      else route.driveTo(around(rng, place, rng.between(9_000, 12_000)))
    } else {
      if (halt === passed) route.passBy(place, around(rng, place, rng.between(12_000, 15_000)))
      route.driveTo(place)
    }
    const way = route.legs[leg] as Span
    const onTheWayAt = Math.round((way.from + way.to) / 2)
    const from = route.here.at
    if (halt !== skipped) {
      const twoParts = halt === interrupted
      route.stayAt(place, rng.between(twoParts ? 24 : 14, 38) * MINUTE, { interrupted: twoParts })
    }
    const to = route.here.at
    if (long) {
      const half = rng.between(22.5, 30) * MINUTE
      route.unseen.push({ from: onTheWayAt - half, to: onTheWayAt + half })
    }
    if (halt === deviceOff) route.unseen.push({ from: from - 8 * MINUTE, to: to + 12 * MINUTE })
    if (scenario === 'vanished' && halt === 1) route.unseen.push({ from: onTheWayAt, to: Infinity })
    halts.push({
      place,
      from,
      to,
      onTheWayAt,
      known: visible.includes(halt) ? 'by positions' : halt === deviceOff ? 'by carrier' : 'not at all',
    })
  }
  return { ...wishes, halts, loads, ...(scenario === 'swapped' && relieve(rng, route, halts[1] as Halt)) }
}

/** A second vehicle waits where the first comes by, takes over the load and delivers it later than the first drives there. */
function relieve(rng: Random, first: Route, delivery: Halt): Pick<Required<Journey>, 'relief'> {
  const takesOverAt = delivery.onTheWayAt
  const route = new Route(rng, around(rng, first.at(takesOverAt), 4_000), takesOverAt - 30 * MINUTE)
  route.rest(rng.between(100, 130) * MINUTE)
  route.driveTo(delivery.place)
  route.stayAt(delivery.place, rng.between(15, 30) * MINUTE)
  leave(rng, route)
  return { relief: { route, takesOverAt } }
}

/** Off to a car park some kilometres away, and a rest. */
export function leave(rng: Random, route: Route): void {
  route.driveTo(around(rng, route.here, rng.between(9_000, 14_000)))
  route.rest(rng.between(20, 50) * MINUTE)
}
