import { clockTicks } from '../../schemas/topics.ts'
import type { Log } from '../../streams/log/log.ts'

const STEP = 1_000

/**
 * See to it that the clock's last offset is of a tick: who starts reads it there. Where it is not (a commit may leave
 * offsets behind that are of no record) the last tick is appended again: it gets no later by that.
 */
export async function endWithTick(log: Log): Promise<void> {
  const { name } = clockTicks
  const { start, end } = await log.bounds(name, 0)
  for (let [from, step] = [end - 1, STEP]; from >= start; [from, step] = [Math.max(start, from - step), step * STEP]) {
    const ticks = await log.read(name, 0, from, { records: end - from, bytes: Infinity })
    const last = ticks.at(-1)
    if (last && last.offset < end - 1) await log.append([{ ...last }])
    if (last || from === start) return
  }
}
