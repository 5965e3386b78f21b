/** What a task's work on a batch has come to so far. */
import type { Counters, Outgoing } from './log/log.ts'
import type { Shelf } from './shelf.ts'
import type { Instant } from './time.ts'

export interface Batch {
  readonly outputs: Outgoing[]
  readonly deadLetters: Outgoing[]
  readonly alarms: Map<string, Instant | null>
  readonly touched: Set<Shelf>
  readonly dropped: Record<string, number>
  in: number
}

export const newBatch = (): Batch => ({
  outputs: [],
  deadLetters: [],
  alarms: new Map(),
  touched: new Set(),
  dropped: {},
  in: 0,
})

/** The counters after a batch. */
export const counted = (before: Counters, batch: Batch): Counters => {
  const dropped: Record<string, number> = { ...before.dropped }
  for (const [reason, n] of Object.entries(batch.dropped)) dropped[reason] = (dropped[reason] ?? 0) + n
  return {
    in: before.in + batch.in,
    out: before.out + batch.outputs.length,
    deadLetters: before.deadLetters + batch.deadLetters.length,
    dropped,
  }
}
