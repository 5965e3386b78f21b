import type { Logger } from 'pino'
import * as topics from '../schemas/topics.ts'
import { LogUnavailable, NOTHING_YET, place } from '../streams/log/log.ts'
import { pause } from '../streams/together.ts'
import { hours, type Instant, minutes } from '../streams/time.ts'
import { taskName } from '../streams/task.ts'
import { tasksOf } from '../streams/topology.ts'
import type { OurLog } from './open-log.ts'
import { processors } from './pipeline.ts'
import { sinkNames } from './sinks.ts'

/** The flood, and the bytes that nobody understood. Everything else is little, and what a shipment's answer is made of: it stays. */
const TRIMMED = [
  topics.telematicsPositions,
  topics.vehiclePositions,
  topics.shipmentSightings,
  topics.sourcesHeard,
  topics.clockTicks,
  topics.eventLags,
  topics.refusals,
  topics.lates,
  topics.deliveries,
].map(topic => topic.name)
/** As they came, bytes are kept for looking into what is going on, and no longer. */
const AT_MOST_HOURS = new Map<string, number>([[topics.deliveries.name, 24]])
const EVERY_MS = minutes(1)

type TrimmableLog = Pick<OurLog, 'bounds' | 'checkpointOf' | 'partitionsOf' | 'trim'>

/**
 * Let go of old records of the topics that flood, each minute, until aborted; never of one that a reader has still to read.
 * While the log can't be written nothing goes, and the next minute makes up for it.
 */
export async function keepRetention(
  log: TrimmableLog,
  retentionHours: number,
  logger: Pick<Logger, 'warn'>,
  until: AbortSignal,
): Promise<void> {
  while (!until.aborted) {
    try {
      await trimFlood(log, retentionHours, until)
    } catch (error) {
      if (!(error instanceof LogUnavailable)) throw error
      logger.warn({ reason: error.message }, 'old records stay for now: the log is unavailable')
    }
    await pause(EVERY_MS, until)
  }
}

async function trimFlood(log: TrimmableLog, retentionHours: number, until: AbortSignal): Promise<void> {
  for (const topic of TRIMMED) {
    const before = (Date.now() - hours(Math.min(retentionHours, AT_MOST_HOURS.get(topic) ?? Infinity))) as Instant
    for (let partition = 0; partition < log.partitionsOf(topic); partition++) {
      const read = await readByAll(log, topic, partition)
      await trimAll(log, topic, partition, before, read, until)
    }
  }
}

/** A little at a time: others write between. */
async function trimAll(
  log: TrimmableLog,
  topic: string,
  partition: number,
  before: Instant,
  read: number,
  until: AbortSignal,
): Promise<void> {
  while (!until.aborted && (await log.trim(topic, partition, before, read)) > 0) await pause(10, until)
}

/** The offset before which every task and sink has read a partition. */
async function readByAll(log: TrimmableLog, topic: string, partition: number): Promise<number> {
  const isClock = topic === topics.clockTicks.name
  const readers = processors.flatMap(processor => {
    if (isClock) return tasksOf(processor, log.partitionsOf)
    return processor.handlers.has(topic) ? [taskName(processor.name, partition)] : []
  })
  const sinks = sinkNames().filter(sink => sink.reads === topic)
  let { end } = await log.bounds(topic, partition)
  for (const task of [...readers, ...sinks.map(({ name }) => name)]) {
    const { offsets, intent } = (await log.checkpointOf(task)) ?? NOTHING_YET
    end = Math.min(
      end,
      offsets[place(topic, partition)] ?? 0,
      intent?.ranges[place(topic, partition)]?.[0] ?? Number.POSITIVE_INFINITY,
    )
  }
  return end
}
