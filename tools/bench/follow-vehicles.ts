/**
 * What follow-vehicles costs a fix, without log and disk: `node tools/bench/follow-vehicles.ts`. One vehicle, a fix
 * every 30 s for 72 h; its state is written and read as a log would, from memory.
 */
import { fixBlocks } from '../../domain/track-codec.ts'
import { followVehicles } from '../../processors/follow-vehicles.ts'
import type { Stop, TelematicsPosition, VehicleAssignment } from '../../schemas/generated/events.ts'
import { telematicsPositions, vehicleAssignments } from '../../schemas/topics.ts'
import { digest, type Event } from '../../streams/event.ts'
import { Evidence } from '../../streams/evidence.ts'
import type { StateChange, StateReader } from '../../streams/log/log.ts'
import type { Step } from '../../streams/processor.ts'
import { Shelf } from '../../streams/shelf.ts'
import { hours, type Instant, later, minutes, seconds } from '../../streams/time.ts'
import type { Topic } from '../../streams/topic.ts'

const START = Date.UTC(2026, 2, 2) as Instant
const VEHICLE = 'TRUCK-7'
const FIXES = 8_640

/** What a disk would hold. */
class Store implements StateReader {
  readonly #plain = new Map<string, StateChange>()
  readonly #blocks = new Map<string, Map<number, Uint8Array>>()
  readonly #starts = new Map<string, number[]>()

  apply(changes: readonly StateChange[]): void {
    for (const change of changes) {
      if (!change.dense) {
        const place = `${change.list} ${change.at} ${change.id}`
        if (change.bytes) this.#plain.set(place, change)
        else this.#plain.delete(place)
        continue
      }
      const blocks = this.#blocks.get(change.list) ?? new Map<number, Uint8Array>()
      this.#blocks.set(change.list, blocks)
      if (change.bytes) blocks.set(change.at, change.bytes)
      else blocks.delete(change.at)
      this.#starts.delete(change.list)
    }
  }
  load = () => [...this.#plain.values()].flatMap(({ bytes, ...row }) => (bytes ? { ...row, bytes } : []))
  block = (_key: string, list: string, block: number) => this.#blocks.get(list)?.get(block)
  nextBlock = (_key: string, list: string, block: number, direction: -1 | 1) => {
    let starts = this.#starts.get(list)
    if (!starts) this.#starts.set(list, (starts = [...(this.#blocks.get(list)?.keys() ?? [])].sort((a, b) => a - b)))
    let [low, high] = [0, starts.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) < block || (direction === 1 && starts[middle] === block)) low = middle + 1
      else high = middle
    }
    const start = starts[direction === 1 ? low : low - 1]
    const bytes = start === undefined ? undefined : this.#blocks.get(list)?.get(start)
    return start === undefined || !bytes ? undefined : { start, bytes }
  }
  alarms = () => []
  get size(): number {
    let size = 0
    for (const { length } of this.#blocks.get('track')?.values() ?? []) size += length
    return size
  }
}

class Vehicle {
  readonly store = new Store()
  shelf = new Shelf(VEHICLE, followVehicles, this.store)

  hear<V>(topic: Topic<string, V>, event: Event<V>): void {
    const step = followVehicles.handlers
      .get(topic.name)
      ?.step(this.shelf.head as never, new Evidence(this.shelf), event as never, 0 as never)
    this.#apply(step as Step<unknown, string>)
  }
  #apply(step: Step<unknown, string>): void {
    if ('drop' in step) throw new Error(step.drop)
    if (step.head !== undefined) this.shelf.setHead(step.head)
    for (const row of step.remove ?? []) this.shelf.remove(row)
    for (const row of step.put ?? []) this.shelf.put(row)
  }
  commit(): void {
    this.store.apply(this.shelf.changes())
    this.shelf.settle()
  }
}

/** Up and down a road of some 170 km, a little off it each time; still for half an hour at each end. */
const fixAt = (i: number, still = false): Event<TelematicsPosition> => {
  const occurredAt = later(START, seconds(30) * i)
  const phase = still ? 0 : Math.abs(((i % 600) - 300) / 300)
  const value: TelematicsPosition = {
    occurredAt,
    vehicleId: VEHICLE,
    latitude: Math.round((53.5 + phase + Math.sin(i) / 50_000) * 1e6) / 1e6,
    longitude: Math.round((10 + phase + Math.cos(i) / 50_000) * 1e6) / 1e6,
    speedMps: Math.round(200 + 20 * Math.sin(i)) / 10,
    courseDeg: Math.round(40 + 20 * Math.cos(i)),
    altitudeM: null,
    accuracyM: null,
    ignition: null,
    odometerM: null,
    attributes: null,
  }
  const receivedAt = later(occurredAt, 800 + ((i * 7919) % 700))
  return { eventId: digest(i), source: 'gateway', emittedAt: null, receivedAt, occurredAt, cause: null, value }
}

const stop = (n: number, latitude: number): Stop => ({
  stopId: `stop-${n}`,
  kind: n === 0 ? 'pickup' : 'delivery',
  place: { name: `stop ${n}`, latitude, longitude: latitude - 43.5, radiusM: 300 },
  plannedArrival: later(START, hours(70)),
  dueBy: null,
  plannedDeparture: null,
})
const assignment = (n: number, latitudes: readonly number[], revision = 1): Event<VehicleAssignment> => {
  const value: VehicleAssignment = {
    occurredAt: START,
    vehicleId: VEHICLE,
    shipmentId: `SHP-${n}`,
    periods: [{ from: START, until: later(START, hours(200)) }],
    stops: latitudes.map((latitude, i) => stop(i, latitude)),
    revision,
    retracted: false,
  }
  const eventId = digest('assignment', n, revision)
  return { eventId, source: 'plan', emittedAt: null, receivedAt: START, occurredAt: START, cause: null, value }
}

const ELSEWHERE = [40, 41, 42]
const ON_THE_ROAD = [53.5, 53.9, 54.5]

function full(rides: number, stops: readonly number[], still = false): Vehicle {
  const vehicle = new Vehicle()
  for (let n = 0; n < rides; n++) vehicle.hear(vehicleAssignments, assignment(n, stops))
  for (let i = 0; i < FIXES; i++) {
    vehicle.hear(telematicsPositions, fixAt(i, still))
    if (i % 10 === 9) vehicle.commit()
  }
  return vehicle
}

/** Microseconds a time, the median of several rounds after some to warm up. */
function timed(what: string, times: number, prepare: () => () => void): void {
  const rounds: number[] = []
  for (let round = 0; round < 7; round++) {
    const run = prepare()
    const start = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(start)
    rounds.push((user + system) / times)
  }
  const median = rounds.slice(2).sort((a, b) => a - b)[2] ?? 0
  process.stdout.write(`${what.padEnd(64)} ${median.toFixed(2).padStart(10)} µs\n`)
}

const inOrder =
  (rides: number, stops: readonly number[], still = false) =>
  () => {
    const vehicle = new Vehicle()
    for (let n = 0; n < rides; n++) vehicle.hear(vehicleAssignments, assignment(n, stops))
    const events = Array.from({ length: FIXES }, (_, i) => fixAt(i, still))
    return () => {
      for (const [i, event] of events.entries()) {
        vehicle.hear(telematicsPositions, event)
        // Without the writing: what is live stays, as between two commits.
        if (i % 30 === 29) vehicle.shelf.settle()
      }
    }
  }

timed('a fix in order, nothing on board', FIXES, inOrder(0, []))
timed('a fix in order, three shipments on board, near no stop', FIXES, inOrder(3, ELSEWHERE))
timed('a fix in order, three shipments on board, stops on the way', FIXES, inOrder(3, ON_THE_ROAD))
timed('a fix in order, three shipments on board, always at a stop', FIXES, inOrder(3, ON_THE_ROAD, true))

timed('a fix in order, near no stop, committed each by itself', FIXES, () => {
  const vehicle = new Vehicle()
  for (let n = 0; n < 3; n++) vehicle.hear(vehicleAssignments, assignment(n, ELSEWHERE))
  const events = Array.from({ length: FIXES }, (_, i) => fixAt(i))
  return () => {
    for (const event of events) {
      vehicle.hear(telematicsPositions, event)
      vehicle.commit()
    }
  }
})

const LATE = 500
/** Between two fixes, anywhere in the track. */
const lateFix = (n: number, still: boolean): Event<TelematicsPosition> => {
  const near = fixAt((n * 7_919) % (FIXES - 200), still)
  const occurredAt = later(near.occurredAt, seconds(11) + n)
  return { ...near, eventId: digest('late', n), occurredAt, value: { ...near.value, occurredAt } }
}
const late =
  (stops: readonly number[], still = false) =>
  () => {
    const vehicle = full(3, stops, still)
    const events = Array.from({ length: LATE }, (_, n) => lateFix(n, still))
    return () => {
      for (const event of events) {
        vehicle.hear(telematicsPositions, event)
        vehicle.commit()
      }
    }
  }
timed('a late fix into 72 h, three on board, committed', LATE, late(ELSEWHERE))
timed('a late fix into 72 h, three on board with stops, committed', LATE, late(ON_THE_ROAD))
timed('a late fix into 72 h at one stop, three on board, committed', LATE, late(ON_THE_ROAD, true))

timed('a plan after 72 h of positions', 1, () => {
  const vehicle = full(0, [])
  vehicle.shelf = new Shelf(VEHICLE, followVehicles, vehicle.store)
  return () => {
    vehicle.hear(vehicleAssignments, assignment(7, ON_THE_ROAD))
    vehicle.commit()
  }
})
timed('its replacement by another that ends sooner', 1, () => {
  const vehicle = full(0, [])
  vehicle.hear(vehicleAssignments, assignment(7, ON_THE_ROAD))
  vehicle.commit()
  const { value, ...event } = assignment(7, ON_THE_ROAD, 2)
  const periods = [{ from: START, until: later(START, hours(20)) }]
  return () => {
    vehicle.hear(vehicleAssignments, { ...event, value: { ...value, periods } })
    vehicle.commit()
  }
})

const { store } = full(0, [])
process.stdout.write(`\nstate of 72 h: ${store.size} bytes, ${(store.size / FIXES).toFixed(1)} a fix\n`)
process.stdout.write(`a block of ${minutes(15) / seconds(30)} fixes, read: `)
const [bytes] = [store.block('', 'track', Math.floor(later(START, hours(30)) / minutes(15)) * minutes(15))]
if (!bytes) throw new Error('no such block')
const rows = fixBlocks.decode(bytes)
const [N, at] = [20_000, process.cpuUsage()]
for (let i = 0; i < N; i++) fixBlocks.decode(bytes)
const read = process.cpuUsage(at).user / N
const before = process.cpuUsage()
for (let i = 0; i < N; i++) fixBlocks.encode(rows)
process.stdout.write(`${read.toFixed(1)} µs, written: ${(process.cpuUsage(before).user / N).toFixed(1)} µs\n`)
