/** When a vehicle was at its places, from how its route was made and which of its sound fixes show it. */
import { MINUTE, SECOND } from './delivery.ts'
import type { Place } from './places.ts'
import type { Call, Sample } from './route.ts'

export interface Visit {
  readonly vehicleId: string
  readonly place: Place
  /** The first fix inside. */
  readonly arrival: number
  /** The first fix outside after the last inside; none where the vehicle was not seen outside any more. */
  readonly departure: number | undefined
}

export const doubt = (what: string): never => {
  throw new Error(`the truth of this world is in doubt: ${what}. Another seed or other shares, please`)
}

/**
 * The stays of a vehicle, in order, and how many drive-bys its fixes show. `sound` are its fixes that nothing is
 * wrong with, each with the call it belongs to. Throws if a stay or a drive-by comes near the limits of the rules.
 */
export function visitsOf(vehicleId: string, calls: readonly Call[], sound: readonly Sample[]) {
  const inside = new Map<number, { first: number; last: number; gap: number; fixes: number; departure?: number }>()
  let lastCall = -1
  for (const { at, call } of sound) {
    const seen = inside.get(call)
    const left = inside.get(lastCall)
    // an interrupted stay has fixes outside in its middle: the next one inside takes this departure back
    if (call !== lastCall && left && left.departure === undefined) left.departure = at
    if (call === -1) continue
    if (seen) {
      seen.gap = Math.max(seen.gap, at - seen.last)
      seen.last = at
      seen.fixes++
      delete seen.departure
    } else inside.set(call, { first: at, last: at, gap: 0, fixes: 1 })
    lastCall = call
  }
  const visits: Visit[] = []
  const counts = { driveBys: 0, singleFixDriveBys: 0, interruptedStays: 0 }
  const lastOutside = new Map<Place, number>()
  for (const [index, { first, last, gap, fixes, departure }] of [...inside].sort(([a], [b]) => a - b)) {
    const { place, kind, interrupted } = calls[index] as Call
    const since = first - (lastOutside.get(place) ?? -Infinity)
    if (since < 20 * MINUTE) doubt(`${vehicleId} is back at ${place.name} after ${since / MINUTE} min`)
    lastOutside.set(place, last)
    if (kind === 'pass') {
      if (last - first > 60 * SECOND) doubt(`${vehicleId} passes ${place.name} within ${(last - first) / SECOND} s`)
      counts.driveBys++
      if (fixes === 1) counts.singleFixDriveBys++
      continue
    }
    if (last - first < 5 * MINUTE) doubt(`${vehicleId} stays at ${place.name} for ${(last - first) / SECOND} s`)
    if (gap > 8.5 * MINUTE) doubt(`${vehicleId} is away from ${place.name} for ${gap / MINUTE} min`)
    if (interrupted) counts.interruptedStays++
    visits.push({ vehicleId, place, arrival: first, departure })
  }
  return { visits, ...counts }
}
