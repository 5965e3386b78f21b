import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeWhole } from '../ingest/whole-file.ts'

/** ClickHouse's password where none is set: drawn once and kept in the data directory, for its owner's eyes only. */
export function clickhousePasswordOf(directory: string): string {
  const path = join(directory, 'clickhouse-password')
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const draft = join(directory, `.clickhouse-password.${process.pid}.draft`)
    writeWhole(draft, `${randomBytes(24).toString('base64url')}\n`)
    try {
      // Whole or not at all, and not over what another process drew meanwhile.
      linkSync(draft, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(draft)
    }
  }
  return readFileSync(path, 'utf8').trim()
}
