/** What a recording of real vehicles is to us: its fixes, and the trips that they were recorded on. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Fix, MINUTE } from '../feeder/delivery.ts'
import type { Place } from '../feeder/places.ts'

export interface Trip {
  readonly shipmentId: string
  readonly tripId: string
  readonly vehicleId: string
  /** In order of `occurredAt`, at least two. */
  readonly fixes: readonly [Fix, Fix, ...Fix[]]
  readonly origin: Place
  readonly destination: Place
}
export interface Trace {
  /** All of the recording, as the file has it. */
  readonly fixes: readonly Fix[]
  readonly trips: readonly Trip[]
}

/** Whoever is silent for longer is on another run of the same trip: the one after midnight, and that before the next. */
const ONE_RUN_MS = 60 * MINUTE

/** A trip before its termini are known. */
export type Run = Omit<Trip, 'shipmentId' | 'origin' | 'destination'>

/** The runs of each vehicle on each trip. Fixes at 0/0 and runs of a single fix say nothing of where it began and ended. */
export function runsOf(recorded: Iterable<{ readonly tripId: string; readonly fix: Fix }>): Run[] {
  const sane = [...recorded].filter(({ fix }) => fix.latitude !== 0 || fix.longitude !== 0)
  const byTrip = Map.groupBy(sane, ({ tripId, fix }) => JSON.stringify([fix.vehicleId, tripId]))
  return [...byTrip.values()].flatMap(some => {
    const inOrder = some.sort((a, b) => timeOf(a.fix) - timeOf(b.fix))
    const runs: (typeof some)[] = []
    for (const each of inOrder) {
      const run = runs.at(-1)
      const last = run?.at(-1)
      if (run && last && timeOf(each.fix) - timeOf(last.fix) <= ONE_RUN_MS) run.push(each)
      else runs.push([each])
    }
    return runs.flatMap(run => {
      const [first, second, ...others] = run.map(({ fix }) => fix)
      const [{ tripId } = { tripId: '' }] = run
      return first && second ? [{ tripId, vehicleId: first.vehicleId, fixes: [first, second, ...others] as const }] : []
    })
  })
}

export const timeOf = ({ occurredAt }: Fix): number => Date.parse(occurredAt)
export const startOf = ({ fixes }: Pick<Trip, 'fixes'>): number => timeOf(fixes[0])
export const endOf = ({ fixes }: Pick<Trip, 'fixes'>): number => timeOf(fixes.at(-1) ?? fixes[0])

/** The recordings are not ours to pass on: they lie beside the repository, or where MILEPOST_DATASETS says. */
export const datasets = (): string =>
  process.env['MILEPOST_DATASETS'] ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'datasets')

/** Why the recordings cannot be read, or false. */
export const withoutDatasets = (): string | false =>
  ['liverpool-bus', 'austin-gtfsrt'].every(name => existsSync(join(datasets(), name)))
    ? false
    : 'the recordings are not here: they are no part of the repository (MILEPOST_DATASETS says where they are)'
