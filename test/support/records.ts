/** What tests find in a log, and put there. */
import { readAll } from '../../app/read-topic.ts'
import { deadLetterOf } from '../../schemas/dead-letters.ts'
import { audits, carrierEvents, shipmentRequests, telematicsPositions } from '../../schemas/topics.ts'
import type { Outgoing } from '../../streams/log/log.ts'
import { outgoing } from '../../streams/outgoing.ts'
import type { Instant } from '../../streams/time.ts'
import type { AnyTopic } from '../../streams/topic.ts'

type Readable = Parameters<typeof readAll>[0]

/** eventIds of everything that was taken in from outside. */
export async function takenIn(opened: Readable): Promise<Set<string>> {
  const ids = new Set<string>()
  for (const topic of [telematicsPositions, shipmentRequests, carrierEvents] as AnyTopic[])
    for await (const { event } of readAll(opened, topic)) ids.add(event.eventId)
  return ids
}

/** How many positions of a vehicle were taken in. */
export async function positionsOf(opened: Readable, vehicleId: string): Promise<number> {
  const ids = new Set<string>()
  for await (const { event } of readAll(opened, telematicsPositions))
    if (event.value.vehicleId === vehicleId) ids.add(event.eventId)
  return ids.size
}

/** As of a record that could not be handled: a note, of which nobody concludes anything. */
export function letterOfNote({ log, wire }: Readable): Outgoing {
  const note = { occurredAt: 1 as Instant, actor: 'ann', action: 'looked', target: 'SHP-1', detail: null }
  const said = { source: 'test', emittedAt: null, receivedAt: 1 as Instant, cause: null }
  const record = { ...outgoing(wire, log.partitionsOf, audits as AnyTopic, note, said), offset: 0 }
  const { topic, value } = deadLetterOf({ hop: 'nobody', record, reason: 'poison', tick: 1 as Instant })
  return outgoing(wire, log.partitionsOf, topic as AnyTopic, value, said)
}
