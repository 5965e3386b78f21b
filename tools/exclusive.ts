/** Of many processes one at a time. */
import { DatabaseSync } from 'node:sqlite'

const POLL_MS = 200

/** Do the work when nobody else does any with this lock. The lock is the file system's: it goes with the process that has it. */
export async function exclusively<T>(lockFile: string, work: () => Promise<T>): Promise<T> {
  const lock = new DatabaseSync(lockFile)
  try {
    await locked(lock)
    return await work()
  } finally {
    lock.close()
  }
}

async function locked(lock: DatabaseSync): Promise<void> {
  for (;;)
    try {
      lock.exec('BEGIN EXCLUSIVE')
      return
    } catch (error) {
      if (!String(error).includes('locked')) throw error
      await new Promise(resolve => setTimeout(resolve, POLL_MS))
    }
}
