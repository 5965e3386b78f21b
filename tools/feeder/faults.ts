/** What is wrong with the fixes of a device: jumps, null island, coarse ones, ones from the future, repeated ones. */
import { type Fix, HOUR, iso, MINUTE } from './delivery.ts'
import type { Shares } from './features.ts'
import { around, offset, type Place, type Point } from './places.ts'
import type { Random } from './random.ts'
import type { Call, Sample } from './route.ts'

/** A fix as it is sent, and when it was taken: by its own account, but for those of the future. */
export interface Taken {
  readonly at: number
  readonly fix: Fix
}
export interface FaultCounts {
  jumps: number
  nullIsland: number
  inaccurate: number
  future: number
}

/** Far enough that no truck gets there or back between two fixes that are at most four rhythms apart. */
const JUMP_M = [60_000, 90_000] as const
/** Faults keep away from one another and from the ends, so that the neighbours of each are beyond doubt. */
const APART = 4
/** So many times likelier at the first fix inside or outside of a place, where a fault would shift what is concluded. */
const GATE = 20

/**
 * The fixes that a vehicle sends, and the samples among them that are sound. A faulty fix stands in the place of a
 * sound one (of a drive-by never); those of the future come on top.
 */
export function disturb(
  rng: Random,
  vehicleId: string,
  samples: readonly Sample[],
  calls: readonly Call[],
  everyMs: number,
  shares: Pick<Shares, 'jump' | 'nullIsland' | 'inaccurate' | 'future'>,
): { sound: Sample[]; taken: Taken[]; counts: FaultCounts } {
  const counts = { jumps: 0, nullIsland: 0, inaccurate: 0, future: 0 }
  const sound: Sample[] = []
  const taken: Taken[] = []
  const fixOf = ({ at, ...seen }: Sample, point: Point, accuracyM: number): Fix => ({
    vehicleId,
    occurredAt: iso(at),
    latitude: point.latitude,
    longitude: point.longitude,
    speedMps: seen.speedMps,
    courseDeg: seen.courseDeg,
    accuracyM,
  })
  const take = (sample: Sample, point: Point = sample, accuracyM = rng.whole(4, 30)) =>
    void taken.push({ at: sample.at, fix: fixOf(sample, point, accuracyM) })

  let nextCall = 0
  let quietFrom = APART
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as Sample
    while ((calls[nextCall]?.to ?? Infinity) < sample.at) nextCall++
    const ahead: Place | undefined = calls.slice(nextCall).find(({ kind }) => kind === 'stay')?.place
    const steady = (at: number) => regular(samples, at, everyMs) && calls[samples[at]?.call ?? -1]?.kind !== 'pass'
    const open = steady(i) && i >= quietFrom && i < samples.length - APART - 1
    const fault = open ? draw(rng, shares, atGate(samples, i) ? GATE : 1) : undefined
    if (fault) quietFrom = i + 1 + APART

    switch (fault) {
      case 'jump':
        take(sample, around(rng, sample, rng.between(...JUMP_M)))
        counts.jumps++
        break
      case 'nullIsland': {
        // two in a row are no jump from one another
        const run = steady(i + 1) && rng.chance(0.7) ? 2 : 1
        for (const lost of samples.slice(i, i + run)) {
          take(lost, offset({ latitude: 0, longitude: 0 }, rng.between(-500, 500), rng.between(-500, 500)))
          counts.nullIsland++
        }
        i += run - 1
        quietFrom += run - 1
        break
      }
      case 'inaccurate': {
        // on the open road a whole run of them claims to be at the next stop already
        const run = onTheRoad(samples, i, calls, everyMs) ? 6 : 1
        for (const coarse of samples.slice(i, i + run)) {
          take(coarse, around(rng, ahead ?? coarse, rng.between(0, 100)), rng.whole(800, 3_000))
          counts.inaccurate++
        }
        i += run - 1
        quietFrom += run - 1
        break
      }
      case 'future': {
        // far off, so that it is one whenever it is received: also days later, by a Milepost that lives now
        const at = Date.UTC(2099, 0, 1) + (sample.at % (360 * 24 * HOUR))
        taken.push({ at: sample.at, fix: { ...fixOf(sample, ahead ?? sample, 10), occurredAt: iso(at) } })
        counts.future++
        break
      }
      case undefined:
    }
    if (fault !== undefined && fault !== 'future') continue
    take(sample)
    sound.push(sample)
  }
  return { sound, taken, counts }
}

type Fault = 'jump' | 'nullIsland' | 'inaccurate' | 'future'
function draw(rng: Random, shares: Record<Fault, number>, times: number): Fault | undefined {
  let x = rng.next() / times
  for (const fault of ['jump', 'nullIsland', 'inaccurate', 'future'] as const) {
    x -= shares[fault]
    if (x < 0) return fault
  }
  return undefined
}

const atGate = (samples: readonly Sample[], i: number) => samples[i - 1]?.call !== samples[i]?.call

/** Whether the samples around one follow the rhythm of the device, with no silence near. */
function regular(samples: readonly Sample[], i: number, everyMs: number): boolean {
  const [before, after] = [samples[i - 1], samples[i + 1]]
  return before !== undefined && after !== undefined && after.at - before.at <= 4 * everyMs
}

/** Whether this sample and the five after it are regular and ten minutes or more away from any call. */
function onTheRoad(samples: readonly Sample[], i: number, calls: readonly Call[], everyMs: number): boolean {
  const [first, last] = [samples[i], samples[i + 6]]
  if (!first || !last || i + 6 >= samples.length - APART || last.at - first.at > 8 * everyMs) return false
  return calls.every(({ from, to }) => to < first.at - 10 * MINUTE || from > last.at + 10 * MINUTE)
}
