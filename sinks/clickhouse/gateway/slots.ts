/** How many queries run at once. A running query holds a thread; a waiting one only its place in the queue. */
import { refusal } from './errors.ts'

export interface Slots {
  /**
   * @param signal the client left: its place is given up
   * @throws ClickHouseException TOO_MANY_SIMULTANEOUS_QUERIES where too many wait already, or it took too long
   */
  take(signal: AbortSignal): Promise<void>
  free(): void
}

interface Waiting {
  readonly run: () => void
}

export function slots(count: number, maxWaiting: number, maxWaitMs: number): Slots {
  let free = count
  const queue = new Set<Waiting>()
  return {
    async take(signal) {
      signal.throwIfAborted()
      if (free > 0) {
        free--
        return
      }
      if (queue.size >= maxWaiting) throw tooMany(`${queue.size} are waiting already`)
      await new Promise<void>((resolve, reject) => {
        const give = (settle: () => void) => () => {
          queue.delete(place)
          clearTimeout(timer)
          signal.removeEventListener('abort', onAbort)
          settle()
        }
        const onAbort = give(() => reject(refusal('UNFINISHED', 'The client left')))
        const timer = setTimeout(
          give(() => reject(tooMany(`none ended within ${maxWaitMs} ms`))),
          maxWaitMs,
        )
        const place: Waiting = { run: give(resolve) }
        signal.addEventListener('abort', onAbort)
        queue.add(place)
      })
    },
    free() {
      const [first] = queue
      if (first === undefined) free++
      else first.run()
    },
  }
}

const tooMany = (why: string) => refusal('TOO_MANY_SIMULTANEOUS_QUERIES', `Too many simultaneous queries: ${why}`)
