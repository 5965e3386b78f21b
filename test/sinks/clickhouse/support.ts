/** A gateway for a test file: its own directory, its own port, gone afterwards. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { after } from 'node:test'
import type { GatewayOptions } from '../../../sinks/clickhouse/gateway/config.ts'
import { spawnGateway, type Gateway } from '../../../sinks/clickhouse/gateway/spawn.ts'

export const password = 'p4ss:w"rd é'

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-clickhouse-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface Asking {
  readonly user?: 'milepost' | 'analyst'
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Parameters of the URL. */
  readonly url?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}
export interface Answered {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

/** What came of an answer before the connection ended. */
export interface Received {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: Buffer
  /** It ended as an answer ends. */
  readonly whole: boolean
}

export interface Running extends Gateway {
  readonly data: string
  /** A statement as the body of a POST, as `curl --data-binary` sends it. */
  readonly ask: (statement: string | Buffer, asking?: Asking) => Promise<Answered>
  /** The text of a good answer, without the last line end. */
  readonly read: (statement: string, asking?: Asking) => Promise<string>
  /** As `milepost`: the bytes as they come, nothing unpacked. */
  readonly raw: (statement: string, url?: Asking['url'], headers?: Asking['headers']) => Promise<Received>
  /** How many queries run, besides the one that asks. */
  readonly processes: () => Promise<number>
}

export async function running(options: Partial<GatewayOptions> = {}): Promise<Running> {
  const data = options.data ?? join(temporaryFolder(), 'clickhouse')
  const gateway = await spawnGateway({ port: 0, password, logLevel: 'silent', ...options, data })
  after(() => gateway.stop())
  // The runner ends when nothing is left to wait for: the gateway alone is not worth waiting for.
  const { process: child } = gateway
  for (const handle of [child, child.stdin, child.stdout, child.stderr])
    (handle as { unref?(): void } | null)?.unref?.()
  const ask = async (statement: string | Buffer, asking: Asking = {}): Promise<Answered> => {
    const { user = 'milepost', method = 'POST', headers = {}, url = {}, signal } = asking
    const credentials = { user, password: user === 'milepost' ? password : '' }
    const response = await fetch(`${gateway.url}/?${String(new URLSearchParams({ ...credentials, ...url }))}`, {
      method,
      headers,
      ...(method === 'POST' ? { body: typeof statement === 'string' ? statement : new Uint8Array(statement) } : {}),
      ...(signal === undefined ? {} : { signal }),
    })
    return { status: response.status, text: await response.text(), headers: response.headers }
  }
  const read = async (statement: string, asking?: Asking): Promise<string> => {
    const { status, text } = await ask(statement, asking)
    if (status !== 200) throw new Error(text)
    return text.replace(/\n$/, '')
  }
  const raw = (statement: string, url: Asking['url'] = {}, headers: Asking['headers'] = {}) =>
    new Promise<Received>((resolve, reject) => {
      const path = `${gateway.url}/?${String(new URLSearchParams({ user: 'milepost', password, ...url }))}`
      const asked = request(path, { method: 'POST', headers }, answer => {
        const chunks: Buffer[] = []
        const { statusCode: status = 0, headers } = answer
        const end = () => resolve({ status, headers, body: Buffer.concat(chunks), whole: answer.complete })
        answer
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', end)
          .on('error', end)
      })
      asked.on('error', reject).end(statement)
    })
  const processes = () =>
    read("SELECT count() FROM system.processes WHERE query NOT LIKE '%system.processes%' FORMAT TSV").then(Number)
  return { ...gateway, data, ask, read, raw, processes }
}

export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds()) return
    await sleep(50)
  }
  assert.fail(`never: ${what}`)
}

/** A table to insert into, empty. */
export const NUMBERED =
  'CREATE OR REPLACE TABLE numbered (id UInt64, name String, at DateTime64(3), tags Array(String)) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100'
