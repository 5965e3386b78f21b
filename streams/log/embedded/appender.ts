/**
 * Appends from the thread that serves HTTP: the waiting for the disk happens in a thread of its own, which commits
 * all that came while it was busy in one transaction with one fsync.
 */
import { Worker } from 'node:worker_threads'
import { type Appender, LogUnavailable, type Outgoing } from '../log.ts'
import { batchesOf, type EncodedBatch } from './batch.ts'
import type { EmbeddedOptions } from './embedded.ts'

/** To the thread. */
export interface AppendRequest {
  readonly id: number
  readonly batches: readonly EncodedBatch[]
}
/** From the thread: what has been appended, or why not. */
export interface AppendAnswer {
  readonly ids: readonly number[]
  readonly error?: { readonly message: string; readonly unavailable: boolean }
}

export class ThreadedAppender implements Appender {
  readonly #worker: Worker
  readonly #waiting = new Map<number, { done: () => void; failed: (error: Error) => void }>()
  #next = 0
  #broken: Error | undefined

  constructor(options: Pick<EmbeddedOptions, 'directory' | 'topics'>) {
    this.#worker = new Worker(new URL('append-thread.ts', import.meta.url), { workerData: options })
    this.#worker.on('message', ({ ids, error }: AppendAnswer) => {
      for (const id of ids) {
        const waiting = this.#waiting.get(id)
        this.#waiting.delete(id)
        if (!error) waiting?.done()
        else waiting?.failed(error.unavailable ? new LogUnavailable(error.message) : new Error(error.message))
      }
    })
    this.#worker.on('error', error => this.#break(error instanceof Error ? error : new Error(String(error))))
    this.#worker.on('exit', () => this.#break(new LogUnavailable('the log is closed')))
  }

  async append(records: readonly Outgoing[]): Promise<void> {
    if (this.#broken) throw this.#broken
    const batches = batchesOf(records)
    const id = this.#next++
    await new Promise<void>((done, failed) => {
      this.#waiting.set(id, { done, failed })
      const request: AppendRequest = { id, batches }
      this.#worker.postMessage(
        request,
        batches.map(({ blob }) => blob.buffer),
      )
    })
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #break(error: Error): void {
    this.#broken ??= error
    for (const { failed } of this.#waiting.values()) failed(error)
    this.#waiting.clear()
  }
}
