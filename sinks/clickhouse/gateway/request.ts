/** What a request asks of the database besides its statement: parameters, settings, ids, formats. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { refusal } from './errors.ts'
import { refuseSetting } from './guard.ts'
import { header, type User } from './users.ts'

export interface Asked {
  readonly user: User
  readonly queryId: string
  readonly database: string | undefined
  /** Where the statement has no FORMAT. */
  readonly defaultFormat: string
  readonly settings: ReadonlyMap<string, string>
  /** `{name:Type}` in the statement; values as ClickHouse escapes them. */
  readonly parameters: ReadonlyMap<string, string>
  readonly session: AskedSession | undefined
  /** The client allows a compressed answer. */
  readonly compress: boolean
  /** Answer once the whole result is known. */
  readonly waitForEnd: boolean
  /** The user only reads, the request says so, or its method (GET, HEAD) must not change anything. */
  readonly readOnly: boolean
}

/** A session that the client names. */
export interface AskedSession {
  readonly id: string
  readonly mustExist: boolean
  readonly closes: boolean
  /** How long it is kept unused: an hour at most, as by a server. */
  readonly timeoutSeconds: number
}

/** Of HTTP alone: the engine does not know them. */
const httpOnly = new Set([
  ...['query', 'user', 'password', 'quota_key', 'database', 'default_format', 'query_id', 'role', 'stacktrace'],
  ...['session_id', 'session_timeout', 'session_check', 'close_session', 'compress', 'decompress', 'buffer_size'],
  ...['wait_end_of_query', 'client_protocol_version', 'enable_http_compression', 'query_plan', 'user_agent'],
  ...['send_progress_in_http_headers', 'http_headers_progress_interval_ms', 'add_http_cors_header', 'log_comment'],
  ...['readonly', 'async_insert', 'wait_for_async_insert', 'http_write_exception_in_output_format'],
])

/**
 * @param url of the request, with the fields of a multipart body added
 * @throws ClickHouseException for what this user may not set
 */
export function readRequest(request: IncomingMessage, url: URLSearchParams, user: User): Asked {
  for (const flag of ['compress', 'decompress'])
    if (isOn(url.get(flag)))
      throw refusal(
        'NOT_IMPLEMENTED',
        `${flag}=1 (ClickHouse's own block compression): use Accept-Encoding or Content-Encoding`,
      )
  const settings = new Map<string, string>()
  const parameters = new Map<string, string>()
  for (const [name, value] of url) {
    if (httpOnly.has(name)) continue
    if (!name.startsWith('param_')) {
      refuseSetting(name, user.readOnly)
      settings.set(name, value)
    } else if (/^param_\w+$/.test(name)) parameters.set(name.slice(6), value)
    else throw refusal('BAD_ARGUMENTS', `Not the name of a parameter: ${name}`)
  }
  return {
    user,
    queryId: url.get('query_id') ?? header(request, 'x-clickhouse-query-id') ?? randomUUID(),
    database: url.get('database') ?? header(request, 'x-clickhouse-database'),
    defaultFormat: url.get('default_format') ?? header(request, 'x-clickhouse-format') ?? 'TabSeparated',
    settings,
    parameters,
    // A reader's sessions are shut by `readonly = 1` for good: none is kept, each request gets a new one.
    session: user.readOnly ? undefined : sessionOf(url),
    compress: isOn(url.get('enable_http_compression')),
    waitForEnd: isOn(url.get('wait_end_of_query')),
    readOnly: user.readOnly || request.method !== 'POST' || isOn(url.get('readonly')),
  }
}

function sessionOf(url: URLSearchParams): AskedSession | undefined {
  const id = url.get('session_id') ?? ''
  if (id === '') return undefined
  const seconds = Number(url.get('session_timeout') ?? 60)
  if (!(seconds >= 0)) throw refusal('BAD_ARGUMENTS', 'session_timeout is not a number of seconds')
  return {
    id,
    mustExist: isOn(url.get('session_check')),
    closes: isOn(url.get('close_session')),
    timeoutSeconds: Math.min(seconds, 3600),
  }
}

const isOn = (value: string | null) => value !== null && value !== '' && value !== '0' && value !== 'false'
