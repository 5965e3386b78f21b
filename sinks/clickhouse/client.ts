/**
 * ClickHouse over HTTP, embedded or a server: what the table sinks and the read side need of it, and its failures in the
 * engine's words. https://clickhouse.com/docs/integrations/javascript
 */
import { Readable } from 'node:stream'
import { ClickHouseError, ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client'
import { Unavailable } from '../../streams/sink.ts'
import { BadRow, type Rows } from './rows.ts'

export interface ClickHouse {
  readonly database: string
  /**
   * Writes all rows or none, and only once per table and token (as long as the table remembers the token: its last 1000).
   * @throws Unavailable; BadRow where one row is at fault
   */
  insert(table: string, rows: Rows, options: { readonly token: string }): Promise<void>
  /**
   * Rows as objects; 64-bit integers and DateTime64 are strings. `{name:Type}` in the statement takes its value from `parameters`.
   * @throws Unavailable; ClickHouseError where the statement is at fault
   */
  query<Row>(sql: string, parameters?: Readonly<Record<string, unknown>>): Promise<Row[]>
  /** A statement without an answer. */
  command(sql: string, parameters?: Readonly<Record<string, unknown>>): Promise<void>
  createDatabase(): Promise<void>
  /** @throws Unavailable */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface Connection {
  readonly url: string
  readonly user: string
  readonly password: string
  readonly database?: string
  /** PEM: who vouches for the server instead of the authorities that Node knows, and who we are where it asks. */
  readonly tls?: {
    readonly ca?: string | undefined
    readonly cert?: string | undefined
    readonly key?: string | undefined
  }
  /** Milliseconds without an answer after which a request counts as lost. An insert that was lost may have been written. */
  readonly timeoutMs?: number
}

export function connect(connection: Connection): ClickHouse {
  const { url, user, password, database = 'milepost', timeoutMs = 30_000, tls = {} } = connection
  const open = (more: { database?: string }) =>
    createClient({
      ...{
        url,
        username: user,
        password,
        request_timeout: timeoutMs,
        application: 'milepost',
        max_open_connections: 10,
      },
      ...secured(tls),
      ...{ compression: { request: false, response: false }, log: { level: ClickHouseLogLevel.OFF } },
      ...more,
    })
  const client = open({ database })

  const write = async (
    into: string,
    rows: Rows,
    settings: Readonly<Record<string, string | number>>,
  ): Promise<void> => {
    const columns = rows.columns.map(column => `\`${column}\``).join(', ')
    const query = `INSERT INTO ${into} (${columns}) FORMAT RowBinary`
    const values = Readable.from([rows.bytes], { objectMode: false })
    const { stream } = await client.exec({ query, values, clickhouse_settings: settings })
    stream.resume()
    await new Promise<void>((resolve, reject) => stream.once('end', resolve).once('error', reject))
  }

  return {
    database,
    async insert(table, rows, { token }) {
      if (rows.count === 0) return
      try {
        await write(`\`${table}\``, rows, {
          insert_deduplicate: 1,
          insert_deduplication_token: token,
          // The tables that a view feeds are written once per token too.
          deduplicate_blocks_in_dependent_materialized_views: 1,
          async_insert: 0,
          // A batch that spans years of event time is unusual, not wrong.
          max_partitions_per_insert_block: 0,
        })
      } catch (error) {
        const failure = failureOf(error)
        if (isDataError(failure)) throw await badRowOf(client, write, table, rows, failure)
        throw unavailable(failure)
      }
    },
    query: <Row>(sql: string, parameters: Readonly<Record<string, unknown>> = {}) =>
      answered(async () => {
        const result = await client.query({ query: sql, query_params: { ...parameters }, format: 'JSONEachRow' })
        return result.json<Row>()
      }),
    command: (sql, parameters = {}) =>
      answered(async () => {
        await client.command({ query: sql, query_params: { ...parameters } })
      }),
    createDatabase: () =>
      answered(async () => {
        const outside = open({})
        try {
          await outside.command({ query: `CREATE DATABASE IF NOT EXISTS \`${database}\`` })
        } finally {
          await outside.close()
        }
      }),
    ping: () =>
      answered(async () => {
        const { success, ...rest } = await client.ping({ select: true })
        if (!success) throw 'error' in rest ? rest.error : new Error('no answer')
      }),
    close: () => client.close(),
  }
}

const secured = ({ ca, cert, key }: NonNullable<Connection['tls']>) => {
  if (ca === undefined) return {}
  const ours = cert !== undefined && key !== undefined ? { cert: Buffer.from(cert), key: Buffer.from(key) } : {}
  return { tls: { ca_cert: Buffer.from(ca), ...ours } }
}

async function answered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw failureOf(error)
  }
}

/**
 * What speaks against the data itself. All else (no connection, timeouts, overload, memory, disk, a table or a right that is
 * missing) may pass, by itself or by an operator's hand: no record is given up for it. By code, for the client takes any
 * capitals in brackets for the type.
 */
const dataErrors = new Set([
  // ATTEMPT_TO_READ_AFTER_EOF, CANNOT_PARSE_TEXT, _QUOTED_STRING, _INPUT_ASSERTION_FAILED, CANNOT_READ_ALL_DATA, _ARRAY_FROM_TEXT
  ...[32, 6, 26, 27, 33, 34],
  // CANNOT_PARSE_DATE, CANNOT_PARSE_DATETIME, TYPE_MISMATCH, ARGUMENT_OUT_OF_BOUND, CANNOT_CONVERT_TYPE, CANNOT_PARSE_NUMBER
  ...[38, 41, 53, 69, 70, 72],
  // INCORRECT_DATA, TOO_LARGE_ARRAY_SIZE, TOO_LARGE_STRING_SIZE, VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
  ...[117, 128, 131, 321],
  // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN, DECIMAL_OVERFLOW, CANNOT_PARSE_BOOL, VIOLATED_CONSTRAINT, UNKNOWN_ELEMENT_OF_ENUM
  ...[349, 407, 467, 469, 691],
])
// TIMEOUT_EXCEEDED, TOO_MANY_SIMULTANEOUS_QUERIES, SOCKET_TIMEOUT, NETWORK_ERROR, ABORTED, MEMORY_LIMIT_EXCEEDED,
// NOT_ENOUGH_SPACE, TOO_MANY_PARTS, SYSTEM_ERROR, CANNOT_SCHEDULE_TASK
const passing = new Set([159, 202, 209, 210, 236, 241, 243, 252, 425, 439])

const codeOf = (error: Error): number | undefined => (error instanceof ClickHouseError ? Number(error.code) : undefined)

const unavailable = (cause: Error): Unavailable =>
  cause instanceof Unavailable
    ? cause
    : new Unavailable(`ClickHouse: ${cause.message}`, codeOf(cause) === undefined ? 1000 : 2000, { cause })

/** @returns Unavailable where asking again may help, else the error of ClickHouse */
function failureOf(error: unknown): Error {
  const cause = error instanceof Error ? error : new Error(String(error))
  const code = codeOf(cause)
  return code === undefined || passing.has(code) ? unavailable(cause) : cause
}

const isDataError = (error: Error): boolean => dataErrors.has(codeOf(error) ?? -1)

/**
 * Finds the first row that ClickHouse can't read by halving, into a table that keeps nothing: what is tried here must not be
 * there when the rest of the batch comes again under another token.
 */
async function badRowOf(
  client: ClickHouseClient,
  write: (into: string, rows: Rows, settings: Readonly<Record<string, string | number>>) => Promise<void>,
  table: string,
  rows: Rows,
  reason: Error,
): Promise<Error> {
  const described = client.query({ query: `DESCRIBE TABLE \`${table}\``, format: 'JSONEachRow' })
  const known = await described
    .then(result => result.json<{ name: string; type: string }>())
    .catch((error: unknown) => {
      throw unavailable(failureOf(error))
    })
  const types = new Map(known.map(({ name, type }) => [name, type]))
  const structure = rows.columns.map(column => `\`${column}\` ${types.get(column) ?? 'String'}`).join(', ')
  const nowhere = `FUNCTION null('${structure.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}')`
  const refused = async (from: number, until: number): Promise<Error | undefined> => {
    try {
      await write(nowhere, rows.slice(from, until), {})
      return undefined
    } catch (error) {
      const failure = failureOf(error)
      if (!isDataError(failure)) throw unavailable(failure)
      return failure
    }
  }
  let [from, until] = [0, rows.count]
  let why = await refused(from, until)
  // Not a matter of reading the rows: we can't say which one it is, so none may be given up.
  if (why === undefined)
    return new Unavailable(`ClickHouse refuses a batch for ${table}: ${reason.message}`, 5000, { cause: reason })
  while (until - from > 1) {
    const middle = (from + until) >> 1
    const first = await refused(from, middle)
    if (first === undefined) from = middle
    else [until, why] = [middle, first]
  }
  return new BadRow(why.message, from, { cause: why })
}
