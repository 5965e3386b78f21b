/** A small file that several processes change: always whole, durable when written, one change at a time. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** Readable by its owner alone. A crash leaves the old contents or the new ones. */
export function writeWhole(path: string, text: string): void {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}`)
  const file = openSync(draft, 'w', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
  renameSync(draft, path)
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Differs whenever the file differs; undefined: there is none. */
export type FileMark = string
export function markOf(path: string): FileMark | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat && `${stat.ino}/${stat.mtimeNs}/${stat.size}`
}

/** A change takes milliseconds: a lock older than this was left behind by a crash. */
const ABANDONED_MS = 10_000

/** Read and write a file while no other process does so through this function. Its folder is made if need be. */
export async function changeFile<T>(path: string, change: () => T): Promise<T> {
  const lock = `${path}.lock`
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  for (;;) {
    try {
      closeSync(openSync(lock, 'wx', 0o600))
      break
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      const held = statSync(lock, { throwIfNoEntry: false })
      if (held && Date.now() - held.mtimeMs > ABANDONED_MS) rmSync(lock, { force: true })
      else await pause(20)
    }
  }
  try {
    return change()
  } finally {
    rmSync(lock, { force: true })
  }
}
