import { type Log, NOTHING_YET, place } from '../streams/log/log.ts'
import { tasksOf } from '../streams/topology.ts'
import { processors } from './pipeline.ts'
import type { Hop, PipelineHealth } from './read/health.ts'
import type { Config } from './config.ts'
import { isOfOdoo, sinksOf } from './sinks.ts'

/** From how many unread records on a hop counts as behind. */
const BEHIND = 10_000

/**
 * What the log knows of each hop: every figure is part of a commit, so it holds also while the hop is down. Of the sinks
 * those that these settings run; what goes to Odoo only from its first run on, for ingest may have its settings alone.
 */
export async function pipelineHealth(log: Log, config: Pick<Config, 'odooUrl'> = {}): Promise<PipelineHealth> {
  const hops: Hop[] = []
  let tick = 0
  for (const processor of processors) {
    const tasks = tasksOf(processor, log.partitionsOf)
    const inputs = [...processor.handlers.keys()]
    const places = tasks.map((task, partition) => ({ task, inputs: inputs.map(topic => ({ topic, partition })) }))
    const { hop, heard } = await hopOf(log, processor.name, 'processor', places)
    hops.push(hop)
    tick = Math.max(tick, heard)
  }
  for (const { name, reads } of sinksOf(config)) {
    const partitions = Array.from({ length: log.partitionsOf(reads) }, (_, partition) => ({ topic: reads, partition }))
    const { hop } = await hopOf(log, name, 'sink', [{ task: name, inputs: partitions }])
    if (!isOfOdoo(name) || hop.state !== 'stopped' || hop.in > 0) hops.push(hop)
  }
  const ready = hops.every(({ state }) => state === 'running' || state === 'catching_up')
  return { ready, hops, tick: tick === 0 ? null : tick }
}

interface TaskInputs {
  readonly task: string
  readonly inputs: readonly { readonly topic: string; readonly partition: number }[]
}

async function hopOf(
  log: Log,
  name: string,
  kind: Hop['kind'],
  tasks: readonly TaskInputs[],
): Promise<{ hop: Hop; heard: number }> {
  const sum = { in: 0, out: 0, deadLetters: 0, lag: 0, heard: 0 }
  const dropped: Record<string, number> = {}
  let owned = true
  const standings = await Promise.all(tasks.map(each => standingOf(log, each)))
  for (const { checkpoint, isOwned, lag } of standings) {
    const { counters, tick } = checkpoint
    owned &&= isOwned
    sum.lag += lag
    sum.in += counters.in
    sum.out += counters.out
    sum.deadLetters += counters.deadLetters
    sum.heard = Math.max(sum.heard, tick)
    for (const [reason, n] of Object.entries(counters.dropped)) dropped[reason] = (dropped[reason] ?? 0) + n
  }
  const { heard, ...counts } = sum
  const state = !owned ? 'stopped' : counts.lag > BEHIND ? 'catching_up' : 'running'
  return {
    heard,
    hop: { hop: name, kind, state, detail: owned ? null : 'no living process runs it', dropped, ...counts },
  }
}

async function standingOf(log: Log, { task, inputs }: TaskInputs) {
  const [checkpoint = NOTHING_YET, isOwned, ...bounds] = await Promise.all([
    log.checkpointOf(task),
    log.isOwned(task),
    ...inputs.map(({ topic, partition }) => log.bounds(topic, partition)),
  ])
  const unread = bounds.map(({ start, end }, n) => {
    const { topic = '', partition = 0 } = inputs[n] ?? {}
    // What is read between the two questions is not unread twice.
    return Math.max(0, end - Math.max(start, checkpoint.offsets[place(topic, partition)] ?? 0))
  })
  return { checkpoint, isOwned, lag: unread.reduce((sum, n) => sum + n, 0) }
}
