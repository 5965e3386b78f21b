/**
 * What changes, to whoever listens. The read model numbers its changes, so nothing is queued here: a listener is a place in
 * them, and gets how things stand now of whatever changed after it, whether it was slow, away or has only just come.
 */
import type { z } from 'zod'
import { type ChangePlace, changesAfter, changesEnd } from '../../sinks/control-tower/read-changes.ts'
import { caseById } from '../../sinks/control-tower/read-cases.ts'
import { type Vehicle, vehiclesNamed, vehiclesOf } from '../../sinks/control-tower/read-vehicles.ts'
import { type Snapshot, type ViewsReader, ViewsUnavailable } from '../../sinks/control-tower/reader.ts'
import type { Instant } from '../../streams/time.ts'
import type { Hop, PipelineHealth } from './health.ts'
import type { changesShape, helloShape, hopsShape } from './live-route.ts'

const EVERY_MS = 100
const HOPS_EVERY_MS = 2_000
/** Changes of one event; what is above comes with the next. */
const AT_ONCE = 5_000

export interface FeedNeeds {
  readonly views: ViewsReader
  readonly pipeline: () => Promise<PipelineHealth>
  readonly now: () => Instant
}

/** Somebody who listens. */
export interface Listener {
  /** Where it has read to; undefined: it wants to begin with what changes from now on. */
  place: ChangePlace | undefined
  /** What it sent last still waits to be taken: it gets nothing more until that has gone. */
  readonly isBusy: () => boolean
  readonly send: (event: SentEvent) => void
  readonly end: () => void
}
export interface SentEvent {
  readonly name: 'hello' | 'changes' | 'hops'
  /** To come back to; only of what tells a place. */
  readonly id: string | undefined
  readonly data: string
}

export interface LiveFeed {
  add(listener: Listener): void
  remove(listener: Listener): void
  readonly size: number
  close(): Promise<void>
}

export const placeText = ({ made, seq }: ChangePlace): string => `${made}.${seq}`

/** Of what a listener says it last got; undefined if no feed has said so. */
export function placeOf(text: string): ChangePlace | undefined {
  const [, made, digits] = /^([\w-]{1,64})\.(\d{1,15})$/.exec(text) ?? []
  return made === undefined ? undefined : { made, seq: Number(digits) }
}

/** Looks at the read model as long as anybody listens, once for all of them. */
export function liveFeed({ views, pipeline, now }: FeedNeeds): LiveFeed {
  const listeners = new Set<Listener>()
  const greeted = new WeakSet<Listener>()
  const hopsSent = new WeakMap<Listener, string>()
  let timer: NodeJS.Timeout | undefined
  let hops: string | undefined
  let hopsAt = -Infinity

  const look = () => {
    try {
      views.snapshot(at => {
        const end = changesEnd(at)
        const events = new Map<number, { event: SentEvent; until: number }>()
        for (const listener of listeners) {
          if (listener.isBusy()) continue
          const { seq } = placed(listener, end)
          if (seq === end.seq) continue
          let found = events.get(seq)
          if (!found) events.set(seq, (found = changesEvent(at, { ...end, seq }, now())))
          listener.place = { ...end, seq: found.until }
          listener.send(found.event)
        }
      })
    } catch (error) {
      // It is being made, or somebody else is at it: it will be there in a moment.
      if (!(error instanceof ViewsUnavailable)) throw error
    }
    tellHops()
  }

  /** Where the listener is; whoever is nowhere, or in a read model that is gone, is told to ask for everything. */
  const placed = (listener: Listener, end: ChangePlace): ChangePlace => {
    const { place } = listener
    const resumed = place !== undefined && place.made === end.made && place.seq <= end.seq
    if (resumed && greeted.has(listener)) return place
    greeted.add(listener)
    const hello: z.input<typeof helloShape> = { resumed, now: now() }
    listener.place = resumed ? place : end
    listener.send({ name: 'hello', id: placeText(listener.place), data: JSON.stringify(hello) })
    return listener.place
  }

  const tellHops = () => {
    if (performance.now() - hopsAt >= HOPS_EVERY_MS) {
      hopsAt = performance.now()
      void pipeline().then(
        health => (hops = hopsText(health)),
        () => undefined,
      )
    }
    for (const listener of listeners) {
      if (hops === undefined || hopsSent.get(listener) === hops || listener.isBusy()) continue
      hopsSent.set(listener, hops)
      listener.send({ name: 'hops', id: undefined, data: hops })
    }
  }

  const run = () => {
    look()
    timer = listeners.size > 0 ? setTimeout(run, EVERY_MS) : undefined
  }
  return {
    add(listener) {
      listeners.add(listener)
      timer ??= setTimeout(run, 0)
    },
    remove: listener => void listeners.delete(listener),
    get size() {
      return listeners.size
    },
    close() {
      clearTimeout(timer)
      for (const { end } of listeners) end()
      return Promise.resolve()
    },
  }
}

function changesEvent(at: Snapshot, from: ChangePlace, now: Instant): { event: SentEvent; until: number } {
  const { vehicles, shipments, cases, until } = changesAfter(at, from.seq, AT_ONCE)
  // How a shipment stands is shown on the vehicle that carries it.
  const moved = new Set(vehicles)
  for (const shipmentId of shipments) for (const vehicleId of vehiclesOf(at, shipmentId)) moved.add(vehicleId)
  const data: z.input<typeof changesShape> = {
    now,
    vehicles: vehiclesNamed(at, moved).map(vehicleRow),
    shipments: [...shipments],
    cases: [...cases].flatMap(id => {
      const found = caseById(at, id)
      return found ? [[id, found.kind, found.severity, found.state, found.shipmentId]] : []
    }),
  }
  return { event: { name: 'changes', id: placeText({ ...from, seq: until }), data: JSON.stringify(data) }, until }
}

type VehicleRow = z.input<typeof changesShape>['vehicles'][number]

function vehicleRow(vehicle: Vehicle): VehicleRow {
  const { vehicleId, occurredAt, latitude, longitude, speedMps, courseDeg, shipmentIds, worstCase, next } = vehicle
  const place = [vehicleId, occurredAt, round(latitude, 5), round(longitude, 5)] as const
  const motion = [speedMps && round(speedMps, 1), courseDeg && Math.round(courseDeg)] as const
  const coming = next && ([next.place, next.p50, Math.round(next.lateByMs / 1_000)] as const)
  return [...place, ...motion, [...shipmentIds], worstCase, coming && [...coming]]
}

const round = (n: number, digits: number) => Math.round(n * 10 ** digits) / 10 ** digits

function hopsText({ ready, tick, hops }: PipelineHealth): string {
  const data: z.input<typeof hopsShape> = { ready, tick, hops: hops.map(hopRow) }
  return JSON.stringify(data)
}

const hopRow = (hop: Hop): z.input<typeof hopsShape>['hops'][number] => {
  const dropped = Object.values(hop.dropped).reduce((sum, n) => sum + n, 0)
  return [hop.hop, hop.state, hop.in, hop.out, dropped, hop.deadLetters, hop.lag]
}
