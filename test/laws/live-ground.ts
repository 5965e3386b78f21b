/** Ground for the driver on a log as people run it, where tasks run at the same time and news takes its time. */
import type { Ground } from '../../streams/drive.ts'
import { type Log, place, type Recorded, type Tail } from '../../streams/log/log.ts'
import type { Task } from '../../streams/task.ts'

/** What stands still for so long will not move any more. */
const PATIENCE_MS = 60_000
const LOOK_MS = 50
const ALL = { records: Infinity, bytes: Infinity }

export class LiveGround implements Ground {
  readonly #openLog: () => Promise<Log>
  readonly #topics: readonly string[]
  readonly #clock: string
  /** By `topic/partition`, what has been heard of it. */
  readonly #heard = new Map<string, Recorded[]>()
  readonly #tails = new Map<string, Tail>()
  #log: Log | undefined

  /** `openLog` opens it as a new process does; `topics` are those of which something is to be recorded, `clock` the one that tells the time. */
  constructor(openLog: () => Promise<Log>, topics: readonly string[], clock: string) {
    this.#openLog = openLog
    this.#topics = topics
    this.#clock = clock
  }

  /** The process before is gone without a word. */
  async open(): Promise<Log> {
    await this.close()
    const log = (this.#log = await this.#openLog())
    for (const topic of this.#topics)
      for (let partition = 0; partition < log.partitionsOf(topic); partition++) {
        const at = place(topic, partition)
        this.#tails.set(at, log.tail(topic, partition, this.#endOf(at)))
      }
    return log
  }

  async settle(tasks: readonly Task[]): Promise<void> {
    const log = this.#open()
    let seen = -1
    let before = ''
    for (let moved = performance.now(); ;) {
      await Promise.all(
        tasks.map(async task => {
          while (await task.step());
        }),
      )
      const waiting = [...(await this.#unheard(log)), ...tasks.flatMap(task => this.#unreadBy(task))].join(', ')
      if (waiting === '') return
      if (waiting !== before) moved = performance.now()
      if (performance.now() - moved > PATIENCE_MS)
        throw new Error(`nothing has moved for ${PATIENCE_MS} ms: ${waiting}`)
      before = waiting
      seen = await log.changed(seen, LOOK_MS)
    }
  }

  recorded(topic: string): readonly Recorded[] {
    const partitions = Array.from({ length: this.#open().partitionsOf(topic) }, (_, n) => place(topic, n))
    return partitions.flatMap(at => this.#heard.get(at) ?? [])
  }

  async close(): Promise<void> {
    for (const tail of this.#tails.values()) tail.close()
    this.#tails.clear()
    await this.#log?.close()
    this.#log = undefined
  }

  #open(): Log {
    if (!this.#log) throw new Error('the log is not open')
    return this.#log
  }
  /** The offset after the last record that has been heard of a place. */
  #endOf(at: string): number {
    return (this.#heard.get(at)?.at(-1)?.offset ?? -1) + 1
  }

  /** Hear what has come, and tell where something has been written that has not. */
  async #unheard(log: Log): Promise<string[]> {
    const places = [...this.#tails].map(([at, tail]) => ({
      at,
      tail,
      partition: Number(at.slice(at.lastIndexOf('/') + 1)),
    }))
    const held = await Promise.all(
      places.map(({ at, partition }) => log.bounds(at.slice(0, at.lastIndexOf('/')), partition)),
    )
    const waiting: string[] = []
    for (const [n, { at, tail }] of places.entries()) {
      const heard = this.#heard.get(at) ?? []
      this.#heard.set(at, heard)
      for (const record of await tail.take(ALL)) heard.push(record)
      const { end = 0 } = held[n] ?? {}
      if (tail.position < end) waiting.push(`${at} from ${tail.position} to ${end}`)
    }
    return waiting
  }

  /** Offsets that a task has not committed though there is a record before them; what only ends a transaction is none. */
  #unreadBy({ name, partition, processor, checkpoint }: Task): string[] {
    const inputs = [...[...processor.handlers.keys()].map(topic => place(topic, partition)), place(this.#clock, 0)]
    return inputs
      .filter(at => (checkpoint.offsets[at] ?? 0) < this.#endOf(at))
      .map(at => `${name}: ${at} from ${checkpoint.offsets[at] ?? 0} to ${this.#endOf(at)}`)
  }
}
