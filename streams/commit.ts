import type { AlarmChange, Checkpoint, Held, Outgoing, StateChange, Transaction } from './log/log.ts'

/** What a batch came to. */
export interface Work {
  readonly outputs: readonly Outgoing[]
  readonly deadLetters: readonly Outgoing[]
  readonly changes: readonly StateChange[]
  readonly alarms: readonly AlarmChange[]
  readonly checkpoint: Checkpoint
}

export interface CommitStep {
  readonly name: string
  readonly run: (tx: Transaction, work: Work) => Promise<void>
}

/**
 * The commit, in its steps. Between `begin` and the last of them nothing is seen by anyone; if any of them fails,
 * nothing has been. The simulation leaves each of them out in turn and has to notice.
 */
export const COMMIT: readonly CommitStep[] = [
  // 1. Nobody else has taken the task since: a former owner that wakes up must not write.
  { name: 'fence', run: tx => tx.fence() },
  // 2. What the batch says to others.
  { name: 'outputs', run: (tx, work) => tx.append(work.outputs) },
  // 3. What could not be handled, with its raw bytes.
  { name: 'dead letters', run: (tx, work) => tx.append(work.deadLetters) },
  // 4. What the batch leaves behind for the next.
  { name: 'state', run: (tx, work) => tx.change(work.changes) },
  // 5. When to be woken.
  { name: 'alarms', run: (tx, work) => tx.setAlarms(work.alarms) },
  // 6. How far the inputs and the clock have been heard.
  { name: 'checkpoint', run: (tx, work) => tx.checkpoint(work.checkpoint) },
  // 7. All of it, durable, or none.
  { name: 'commit', run: tx => tx.commit() },
]

/** Commit a batch. Rejects with `Fenced`, `LogUnavailable` or a bug; then the caller forgets all that is not committed. */
export async function commit(held: Held, work: Work, steps: readonly CommitStep[] = COMMIT): Promise<void> {
  const tx = await held.begin()
  try {
    for (const { run } of steps) await run(tx, work)
  } catch (error) {
    await tx.abort()
    throw error
  }
}
