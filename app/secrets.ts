import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeWhole } from '../ingest/whole-file.ts'
import { type Config, ConfigError } from './config.ts'

/** The certificates and the key of a server's settings, read from their files (PEM); absent ones stay absent. */
export function pemsOf(config: Config, server: 'kafka' | 'schemaRegistry' | 'clickhouse'): Pems {
  const read = (file: string | undefined): string | undefined => {
    try {
      return file === undefined ? undefined : readFileSync(file, 'utf8')
    } catch (error) {
      throw new ConfigError(`${server}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return {
    ca: read(config[`${server}CaFile`]),
    cert: read(config[`${server}CertFile`]),
    key: read(config[`${server}KeyFile`]),
  }
}
export interface Pems {
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
}

/** ClickHouse's password where none is set. */
export const clickhousePasswordOf = (directory: string): string => drawnOnce(directory, 'clickhouse-password')

/** What only Odoo is told of the address where it may knock. */
export const odooCapabilityOf = (directory: string): string => drawnOnce(directory, ODOO_CAPABILITY)
export const ODOO_CAPABILITY = 'odoo-capability'

/** A secret of ours: drawn once and kept in the data directory, for its owner's eyes only. */
function drawnOnce(directory: string, name: string): string {
  const path = join(directory, name)
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const draft = join(directory, `.${name}.${process.pid}.draft`)
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
