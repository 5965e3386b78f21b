/** Whether an installation has come to rest: nothing more comes in, everything has been read and heard, and nobody runs it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { clockTicks } from '../../schemas/topics.ts'
import { type Log, NOTHING_YET, place } from '../../streams/log/log.ts'
import { tasksOf } from '../../streams/topology.ts'
import type { OurLog } from '../open-log.ts'
import { processors } from '../pipeline.ts'
import { drainedSinks } from '../sinks.ts'

interface Reader {
  readonly task: string
  readonly reads: readonly { readonly topic: string; readonly partition: number }[]
}

/** Every task, and what it reads. */
export function readersOf({ partitionsOf }: Pick<Log, 'partitionsOf'>): Reader[] {
  const ofProcessors = processors.flatMap(processor =>
    tasksOf(processor, partitionsOf).map((task, partition) => ({
      task,
      reads: [...processor.handlers.keys()].map(topic => ({ topic, partition })),
    })),
  )
  const ofSinks = drainedSinks().map(({ name, reads: topic }) => ({
    task: name,
    reads: Array.from({ length: partitionsOf(topic) }, (_, partition) => ({ topic, partition })),
  }))
  return [...ofProcessors, ...ofSinks]
}

/** What is still to be read, heard or written, in words; nothing: it is drained. */
export async function outstanding(log: OurLog): Promise<string[]> {
  const waiting: string[] = []
  const ticks = (await log.bounds(clockTicks.name, 0)).end
  const isProcessors = new Set(processors.flatMap(processor => tasksOf(processor, log.partitionsOf)))
  for (const { task, reads } of readersOf(log)) {
    const { offsets, intent } = (await log.checkpointOf(task)) ?? NOTHING_YET
    if (intent) waiting.push(`${task} has a batch on its way`)
    const heard = offsets[place(clockTicks.name, 0)] ?? 0
    if (isProcessors.has(task) && (await anyFrom(log, clockTicks.name, 0, heard, ticks)))
      waiting.push(`${task} has not heard the last tick`)
    for (const { topic, partition } of reads) {
      const from = offsets[place(topic, partition)] ?? 0
      const { end } = await log.bounds(topic, partition)
      if (await anyFrom(log, topic, partition, from, end))
        waiting.push(`${task} has up to ${end - from} records of ${topic} to read`)
    }
  }
  return waiting
}

/** Offsets may be of what is no record. */
async function anyFrom(log: OurLog, topic: string, partition: number, from: number, end: number): Promise<boolean> {
  return from < end && (await log.read(topic, partition, from, { records: 1, bytes: 1 })).length > 0
}

/** Where everything is: as long as it is the same, nobody has written. */
export async function standingOf(log: OurLog, topics: readonly string[]): Promise<string> {
  const places = topics.flatMap(topic =>
    Array.from({ length: log.partitionsOf(topic) }, (_, partition) => ({ topic, partition })),
  )
  const ends = await Promise.all(places.map(({ topic, partition }) => log.bounds(topic, partition)))
  const checkpoints = await Promise.all(readersOf(log).map(({ task }) => log.checkpointOf(task)))
  return JSON.stringify([ends.map(({ end }) => end), checkpoints])
}

/** Longer than there is between two ticks of a clock that goes. */
const QUIET_MS = 3_000

/** Of a log that can't say who has it open: why it is not at rest; undefined: it is. */
export async function unrestOf(log: OurLog): Promise<string | undefined> {
  const ends = () => log.bounds(clockTicks.name, 0).then(({ end }) => end)
  const before = await ends()
  await sleep(QUIET_MS)
  if ((await ends()) !== before) return 'its clock ticks: stop ingest, and leave processors and sinks running'
  const [waiting, ...more] = await outstanding(log)
  const owned = await ownedIn(log)
  const others = more.length > 0 ? `, and ${more.length} more` : ''
  if (waiting !== undefined)
    return `${waiting}${others}: ${owned === undefined ? 'start processors and sinks, without ingest' : 'processors and sinks are at it'}`
  return owned === undefined ? undefined : `${owned} is still run: all is read, stop processors and sinks`
}

async function ownedIn(log: OurLog): Promise<string | undefined> {
  for (const { task } of readersOf(log)) if (await log.isOwned(task)) return task
  return undefined
}
