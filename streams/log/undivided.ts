/** What is simple for a log that lies in one place, where its readers and all its tasks are. */
import { together } from '../together.ts'
import type { Log, Recorded, ReadLimit, Tail } from './log.ts'

/** Everything falls to this process. */
export const shareAll: Log['share'] = (_, tasks, work, until) =>
  together(
    tasks.map(task => stop => work(task, stop)),
    until,
  )

/** A tail that reads when it is asked: nothing is fetched ahead where nothing is far away. */
export class DirectTail implements Tail {
  readonly #read: (from: number, limit: ReadLimit) => Promise<readonly Recorded[]>
  position: number

  constructor(from: number, read: (from: number, limit: ReadLimit) => Promise<readonly Recorded[]>) {
    this.position = from
    this.#read = read
  }
  async take(limit: ReadLimit): Promise<readonly Recorded[]> {
    const records = await this.#read(this.position, limit)
    const last = records.at(-1)
    if (last) this.position = last.offset + 1
    return records
  }
  close(): void {}
}
