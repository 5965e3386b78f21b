/** All that a log holds as of one moment, while it is in use: where its partitions ended, and what its tasks had committed. */
import { each } from '../../together.ts'
import type { Instant, Millis } from '../../time.ts'
import { type Bounds, type Checkpoint, type Log, place } from '../log.ts'
import type { WholeState } from '../state/whole.ts'
import type { Holds } from './hold.ts'
import type { Store } from './store.ts'
import { type Place, restore, type Surroundings } from './task.ts'

export interface Cut {
  /** By the wall clock. All that was appended before is in it. */
  readonly takenAt: Instant
  /** How long nobody could commit. */
  readonly heldMs: Millis
  /** By `topic/partition`. */
  readonly bounds: ReadonlyMap<string, Bounds>
  /** By task: what it had committed last; of one that never has, nothing. */
  readonly checkpoints: ReadonlyMap<string, Checkpoint>
  /** Until the state of any task is asked of the log again. */
  readonly stateOf: (task: string) => WholeState
}

export interface CutNeeds {
  readonly holds: Holds
  readonly store: Store
  readonly tasks: readonly (readonly [Place, Surroundings])[]
  /** What tells the time first: then all that lay before a tick is in it with the tick. */
  readonly topics: readonly (readonly string[])[]
  readonly log: Pick<Log, 'bounds' | 'partitionsOf'>
  readonly now: () => number
}

/** How often states are read before nobody may commit: what comes while they are read is little, and then less. */
const AHEAD = 2

/** Rejects with `LogUnavailable` where the tasks can't be held: see hold.ts. */
export async function cut(needs: CutNeeds, until: AbortSignal): Promise<Cut> {
  const { log, holds, store, tasks, topics, now } = needs
  const readStates = () =>
    each(tasks, task => {
      until.throwIfAborted()
      return restore(...task)
    })
  for (let n = 0; n < AHEAD; n++) await readStates()
  const places = tasks.map(([place]) => place)
  const [taken, heldMs] = await holds.during(
    places,
    async () => {
      const takenAt = now() as Instant
      const bounds = new Map<string, Bounds>()
      for (const some of topics) for (const [at, of] of await boundsOf(log, some)) bounds.set(at, of)
      await readStates()
      return { takenAt, bounds }
    },
    until,
  )
  const known = places.map(({ task }) => [task, store.checkpointOf(task)] as const)
  const checkpoints = new Map(known.flatMap(([task, checkpoint]) => (checkpoint ? [[task, checkpoint]] : [])))
  return { ...taken, heldMs, checkpoints, stateOf: task => store.wholeOf(task) }
}

function boundsOf(log: CutNeeds['log'], topics: readonly string[]): Promise<(readonly [string, Bounds])[]> {
  const places = topics.flatMap(topic =>
    Array.from({ length: log.partitionsOf(topic) }, (_, partition) => ({ topic, partition })),
  )
  return Promise.all(
    places.map(async ({ topic, partition }) => [place(topic, partition), await log.bounds(topic, partition)] as const),
  )
}
