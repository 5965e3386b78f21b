/** Sessions that a client names (`session_id`): kept between its requests, one request at a time, until they time out. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine, Session } from './engine.ts'
import { refusal } from './errors.ts'

interface Kept {
  readonly session: Session
  busy: boolean
  timer: NodeJS.Timeout | undefined
}

export interface Sessions {
  /** @throws ClickHouseException SESSION_NOT_FOUND, SESSION_IS_LOCKED */
  enter(id: string, mustExist: boolean): Promise<{ readonly session: Session; readonly continued: boolean }>
  leave(id: string, timeoutSeconds: number, close: boolean): void
  closeAll(): void
}

export function namedSessions(engine: Engine, maxKept: number): Sessions {
  const kept = new Map<string, Kept>()
  const drop = (id: string) => {
    const entry = kept.get(id)
    if (entry === undefined) return
    kept.delete(id)
    clearTimeout(entry.timer)
    entry.session.close()
  }
  return {
    async enter(id, mustExist) {
      // The client has its answer a moment before the session is free again.
      for (let tries = 0; kept.get(id)?.busy === true && tries < 20; tries++) await sleep(10)
      let entry = kept.get(id)
      const continued = entry !== undefined
      if (entry?.busy === true) throw refusal('SESSION_IS_LOCKED', `Session ${id} is locked by a concurrent client`)
      if (entry === undefined) {
        if (mustExist) throw refusal('SESSION_NOT_FOUND', `Session ${id} not found`)
        if (kept.size >= maxKept) throw refusal('TOO_MANY_SIMULTANEOUS_QUERIES', `${kept.size} sessions are open`)
        entry = { session: engine.session(), busy: true, timer: undefined }
        kept.set(id, entry)
      }
      clearTimeout(entry.timer)
      entry.busy = true
      return { session: entry.session, continued }
    },
    leave(id, timeoutSeconds, close) {
      const entry = kept.get(id)
      if (entry === undefined) return
      entry.busy = false
      if (close) drop(id)
      else entry.timer = setTimeout(() => drop(id), timeoutSeconds * 1000).unref()
    },
    closeAll: () => [...kept.keys()].forEach(drop),
  }
}
