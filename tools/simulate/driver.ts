/** How a driver gets from one place to another: traffic by the hour, breaks, night rests, and what goes wrong on the road. */
import { HOUR, MINUTE } from '../feeder/delivery.ts'
import { along, distanceM, type Point } from '../feeder/places.ts'
import type { Route } from '../feeder/route.ts'
import type { Segment } from './roads.ts'

/** What delays a truck; it names the cause of what comes late. */
export const CAUSES = ['late_start', 'slow_loading', 'traffic', 'breakdown', 'vehicle_swap', 'missed_ferry'] as const
export type Cause = (typeof CAUSES)[number]

/** A trouble on the way, met so many metres from its start. */
export interface Trouble {
  readonly cause: 'traffic' | 'breakdown' | 'missed_ferry'
  readonly afterM: number
  readonly ms: number
}
/** What happened on a way, beside driving. */
export interface Incident {
  readonly cause: Cause
  readonly from: number
  readonly to: number
}

/** Regulation (EC) 561/2006, in short: 45 min of break after 4.5 h at the wheel, a night's rest of 11 h after 9 h of it or 13 h on duty. */
const MOST_AT_A_STRETCH = 4.5 * HOUR
const BREAK = 45 * MINUTE
const MOST_A_DAY = 9 * HOUR
const MOST_ON_DUTY = 13 * HOUR
const NIGHT_REST = 11 * HOUR

const TOWN_KMH = 35
const MOST_KMH = 86
const WATER_KMH = 40
/** Stop and go: slow, but no standstill. */
const CRAWL_KMH = 10
const STEP_M = 8_000

/** Of the free flow what is left at an hour of the day (UTC, so that rush hours are those of the middle of the continent). */
export function flowAt(at: number): number {
  const hour = (at / HOUR) % 24
  const rush = (peak: number, depth: number) => depth * Math.exp(-(((hour - peak) / 1.1) ** 2))
  return 1 - rush(6.6, 0.22) - rush(15.8, 0.26) - (hour > 9 && hour < 15 ? 0.05 : 0)
}

export class Driver {
  /** At the wheel since the last break, and since the last night's rest. */
  #stretch = 0
  #day = 0
  #onDutySince: number

  constructor(onDutySince: number) {
    this.#onDutySince = onDutySince
  }
  /** One who has done the same, for thinking ahead. */
  alike(): Driver {
    const other = new Driver(this.#onDutySince)
    other.#stretch = this.#stretch
    other.#day = this.#day
    return other
  }

  /** Stood there from one time to another, which may have been a rest. */
  stood(from: number, to: number): void {
    if (to - from >= BREAK) this.#stretch = 0
    if (to - from < NIGHT_REST) return
    this.#day = 0
    this.#onDutySince = to
  }

  /** What must be slept now if one drives on for so long. */
  #dueRest(at: number, drivingMs: number): number {
    if (this.#day + drivingMs > MOST_A_DAY || at + drivingMs - this.#onDutySince > MOST_ON_DUTY) return NIGHT_REST
    return this.#stretch + drivingMs > MOST_AT_A_STRETCH ? BREAK : 0
  }

  /**
   * Drives at the end of a route through all points of a way; at each of them but the last a truck may stand.
   * `pace`: of the speed that the hour gives, how much is his.
   */
  drive(route: Route, way: readonly Segment[], pace: number, troubles: readonly Trouble[] = []): Incident[] {
    const incidents: Incident[] = []
    const ahead = [...troubles].sort((a, b) => a.afterM - b.afterM)
    let doneM = 0
    way.forEach(({ to, water }, i) => {
      const metres = distanceM(route.here, to)
      const rest = water ? 0 : this.#dueRest(route.here.at, (metres / 60_000) * HOUR)
      if (rest > 0 && i > 0) this.#stand(route, rest)
      const met = ahead.filter(({ afterM }) => afterM < doneM + metres || i === way.length - 1)
      ahead.splice(0, met.length)
      for (const { cause, ms } of met) {
        const from = route.here.at
        if (cause === 'traffic') this.#move(route, to, CRAWL_KMH, (ms / HOUR) * CRAWL_KMH * 1_000)
        else this.#stand(route, ms)
        incidents.push({ cause, from, to: route.here.at })
      }
      const town = i === 0 || i === way.length - 1
      for (const step = STEP_M; ;) {
        const left = distanceM(route.here, to)
        if (left < 1) break
        const kmh = town && left < 5_000 ? TOWN_KMH : MOST_KMH * flowAt(route.here.at) * pace
        this.#move(
          route,
          to,
          water ? WATER_KMH : Math.min(MOST_KMH, kmh),
          town && left > 5_000 ? Math.min(step, left - 4_000) : step,
        )
      }
      doneM += metres
    })
    return incidents
  }

  #stand(route: Route, ms: number): void {
    const from = route.here.at
    route.rest(ms)
    this.stood(from, route.here.at)
  }
  /** At most so many metres towards a point. */
  #move(route: Route, to: Point, kmh: number, mostM: number): void {
    const from = route.here
    const left = distanceM(from, to)
    const next = left <= mostM ? { latitude: to.latitude, longitude: to.longitude } : along(from, to, mostM / left)
    route.goTo(next, kmh)
    const took = route.here.at - from.at
    this.#stretch += took
    this.#day += took
  }
}
