/** Whether the tasks are as they were left, as a process finds it that has nothing but the log. */
import { isDeepStrictEqual } from 'node:util'
import { each } from '../../streams/together.ts'
import type { OurLog } from '../open-log.ts'
import { StateTally } from './tally.ts'
import type { Kept } from './task-filling.ts'

/** `log` has been opened since, with nothing in its memory. Throws `refused` of what is otherwise. */
export async function checkTasks(log: OurLog, kept: readonly Kept[], refused: (what: string) => Error): Promise<void> {
  await each(kept, async ({ task, tally, checkpoint }) => {
    const found = new StateTally()
    const state = await log.stateOf(task)
    for (const row of state.rows()) found.addRow(row)
    for (const alarm of state.alarms()) found.addAlarm(alarm)
    const wrong = (what: string) => refused(`${task} ${what}`)
    if (!found.equals(tally))
      throw wrong(
        `keeps ${found.rows} rows and ${found.alarms} alarms, and not the ${tally.rows} and ${tally.alarms} that it was given`,
      )
    if (!isDeepStrictEqual(await log.checkpointOf(task), checkpoint)) throw wrong('is not where it was put')
  })
}
