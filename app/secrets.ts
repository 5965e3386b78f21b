import { randomBytes } from 'node:crypto'
import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** ClickHouse's password where none is set: drawn once and kept in the data directory, for its owner's eyes only. */
export function clickhousePasswordOf(directory: string): string {
  const path = join(directory, 'clickhouse-password')
  if (existsSync(path)) return readFileSync(path, 'utf8').trim()
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const password = randomBytes(24).toString('base64url')
  try {
    const file = openSync(path, 'wx', 0o600)
    writeSync(file, `${password}\n`)
    fsyncSync(file)
    closeSync(file)
    chmodSync(path, 0o600)
    return password
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return readFileSync(path, 'utf8').trim()
    throw error
  }
}
