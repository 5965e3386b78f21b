/** Work that goes on until it is told to stop, and work of which several are done at once. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves when aborted. */
export const aborted = (until: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (until.aborted) resolve()
    else until.addEventListener('abort', () => resolve(), { once: true })
  })

/** Run all until aborted. If one fails the others are stopped too; rejects with its error once none of them runs any more. */
export async function together(
  jobs: readonly ((stop: AbortSignal) => Promise<void>)[],
  until: AbortSignal,
): Promise<void> {
  const failed = new AbortController()
  const stop = AbortSignal.any([until, failed.signal])
  const errors: unknown[] = []
  const failing = (error: unknown) => {
    errors.push(error)
    failed.abort()
  }
  await Promise.all(jobs.map(job => job(stop).catch(failing)))
  if (errors.length > 0) throw errors[0]
}

/** So long, or until aborted. */
export const pause = (ms: number, until: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal: until }).catch(() => undefined)

const AT_ONCE = 8

/** Do it for each, several at once; rejects with the first error, once none is at work any more. In their order. */
export async function each<A, B>(all: readonly A[], work: (one: A) => Promise<B>): Promise<B[]> {
  const done: B[] = []
  const waiting = all.entries()
  let failed = false
  const worker = async () => {
    for (const [index, one] of waiting) {
      if (failed) return
      try {
        done[index] = await work(one)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const results = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker))
  for (const result of results) if (result.status === 'rejected') throw result.reason
  return done
}
