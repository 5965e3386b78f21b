import { parseArgs } from 'node:util'
import type { Event } from '../../streams/event.ts'
import * as topics from '../../schemas/topics.ts'
import type { AnyTopic } from '../../streams/topic.ts'
import { loadConfig } from '../config.ts'
import { openFor, type Opened } from '../open-log.ts'
import { readAll } from '../read-topic.ts'
import { type Command, isoOf, print, printJson, UsageError } from './command.ts'

/** In the order an event travels. */
const OF_A_SHIPMENT: readonly AnyTopic[] = [
  topics.shipmentRequests,
  topics.shipmentPlans,
  topics.shipmentEvents,
  topics.shipmentSightings,
  topics.shipmentMilestones,
  topics.shipmentEtas,
  topics.cases,
  topics.caseActions,
  topics.eventLags,
]

interface Trace {
  readonly topic: string
  readonly offset: number
  readonly event: Event<Record<string, unknown>>
}

/** Everything that the log still holds of a shipment, in the order in which it was received. */
async function traceOf(opened: Opened, shipmentId: string): Promise<Trace[]> {
  const traces: Trace[] = []
  const vehicles = new Set<string>()
  const collect = async (topic: AnyTopic, key: string) => {
    for await (const { event, record } of readAll(opened, topic, key)) {
      const value = event.value as Record<string, unknown>
      if (topic === topics.vehicleAssignments && value['shipmentId'] !== shipmentId) continue
      traces.push({ topic: topic.name, offset: record.offset, event: event as Trace['event'] })
      if (typeof value['vehicleId'] === 'string') vehicles.add(value['vehicleId'])
    }
  }
  for (const topic of OF_A_SHIPMENT) await collect(topic, shipmentId)
  for (const vehicleId of vehicles) await collect(topics.vehicleAssignments, vehicleId)
  return traces.sort(
    (a, b) => a.event.receivedAt - b.event.receivedAt || a.topic.localeCompare(b.topic) || a.offset - b.offset,
  )
}

/** Too long for a line, or said elsewhere on it. */
const LEFT_OUT = new Set([
  'occurredAt',
  'shipmentId',
  'customerId',
  'carrierId',
  'companyId',
  'claims',
  'stops',
  'references',
  'notes',
  'basis',
  'evidence',
])
const told = (value: Record<string, unknown>): string =>
  Object.entries(value)
    .filter(([name, part]) => !LEFT_OUT.has(name) && part !== null && part !== false)
    .map(([name, part]) => `${name}=${/^p\d\d$|At$/.test(name) ? isoOf(Number(part)) : JSON.stringify(part)}`)
    .join(' ')

export const follow: Command = {
  usage: 'milepost follow SHIPMENT [--json]',
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean' } },
    })
    const [shipmentId] = positionals
    if (shipmentId === undefined) throw new UsageError('which shipment?')
    const opened = await openFor(loadConfig(process.env), 'visitor')
    try {
      const traces = await traceOf(opened, shipmentId)
      if (values.json) printJson(traces.map(({ topic, offset, event }) => ({ topic, offset, ...event })))
      else
        for (const { topic, event } of traces)
          print(
            `${isoOf(event.occurredAt)}  ${topic.padEnd(24)} ${told(event.value)}\n${' '.repeat(26)}${event.eventId} ← ${event.cause ?? event.source}`,
          )
      if (traces.length === 0) print(`the log holds nothing of ${shipmentId}`)
      return traces.length === 0 ? 1 : 0
    } finally {
      await opened.log.close()
    }
  },
}
