/** A task that counts: each commit says the next number, in an output and in its state. */
import assert from 'node:assert/strict'
import type { KafkaLog } from '../../../../streams/log/kafka/kafka.ts'
import { Fenced, type Held, LogUnavailable, NOTHING_YET } from '../../../../streams/log/log.ts'
import { ALL, pause, record, texts } from './broker.ts'

const PAUSE_MS = 5

export class Counting {
  /** The highest number that a commit was told to be done of. */
  committed = 0
  /** What went wrong, and was survived. */
  readonly troubles: Error[] = []
  readonly #task: string
  readonly #partition: number

  /** Outputs go to a partition of `a`. */
  constructor(task: string, partition = 1) {
    this.#task = task
    this.#partition = partition
  }

  /** Go on from what is committed, until told to stop. */
  async run(log: KafkaLog, stop: AbortSignal): Promise<void> {
    let held: Held | undefined
    let next = 0
    while (!stop.aborted) {
      try {
        if (!held) {
          held = await log.claim(this.#task)
          next = (held.checkpoint.offsets['a/0'] ?? 0) + 1
        }
        await this.#commit(held, next)
        this.committed = next++
      } catch (error) {
        if (!(error instanceof Fenced || error instanceof LogUnavailable)) throw error
        this.troubles.push(error)
        held = undefined
      }
      await pause(PAUSE_MS)
    }
    await held?.release().catch(() => undefined)
  }

  async #commit(held: Held, n: number): Promise<void> {
    const tx = await held.begin()
    await tx.fence()
    await tx.append([record('a', this.#partition, `${n}`)])
    await tx.change([{ key: 'k', list: 'l', at: n % 50, id: '', dense: false, bytes: Buffer.from(`${n}`) }])
    await tx.checkpoint({ ...NOTHING_YET, offsets: { 'a/0': n } })
    await tx.commit()
  }

  /** The outputs, the state and the checkpoint say the same, each number once. Nothing may run any more. */
  async assertOnce(log: KafkaLog): Promise<void> {
    const { checkpoint, state } = await log.claim(this.#task)
    const last = checkpoint.offsets['a/0'] ?? 0
    assert.ok(last >= this.committed, `${this.committed} was committed, the checkpoint says ${last}`)
    const all: string[] = []
    const { end } = await log.bounds('a', this.#partition)
    const tail = log.tail('a', this.#partition, 0)
    while (tail.position < end) {
      all.push(...texts(await tail.take(ALL)))
      await pause(1)
    }
    tail.close()
    assert.deepEqual(
      all,
      Array.from({ length: last }, (_, n) => `${n + 1}`),
    )
    const rows = state.load('k').map(({ bytes }) => Number(Buffer.from(bytes)))
    const kept = Array.from({ length: Math.min(50, last) }, (_, n) => last - n)
    assert.deepEqual(
      rows.sort((a, b) => b - a),
      kept,
    )
  }
}
