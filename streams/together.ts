/** Work that goes on until it is told to stop. */
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
