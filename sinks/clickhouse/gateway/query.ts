/** One request's statement, run in a session of its own (or in the client's, where it names one). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { canStream, withoutRepeatedHeader } from './blocks.ts'
import { compressionOf, spool, type Spooled } from './body.ts'
import type { Engine, Session } from './engine.ts'
import { fromEngine, refusal } from './errors.ts'
import { evaluatesHarmlessly, refuseForbidden } from './guard.ts'
import { tokensOf } from './lexer.ts'
import type { Asked } from './request.ts'
import { sendBlocks, sendWhole } from './response.ts'
import { isSymbol, isWord, quote, type Statement } from './statement.ts'

export interface Limits {
  /** Bytes of memory of one query; a reader's gets half. */
  readonly queryMemoryBytes: number
  /** Bytes of an answer that cannot be streamed. */
  readonly resultBytes: number
  /** Seconds that a reader's query may take. */
  readonly readerSeconds: number
}

export interface Query {
  readonly asked: Asked
  readonly statement: Statement
  /** What follows the statement's beginning in the body. */
  readonly rest: AsyncIterator<Buffer> | undefined
  /** The body is passed on compressed, as INFILE's COMPRESSION. */
  readonly packed: boolean
}

export interface Place {
  readonly engine: Engine
  readonly session: Session
  readonly limits: Limits
  /** The database where the request names none. */
  readonly database: string
  /** The session is the client's own and was there before. */
  readonly continued: boolean
}

/** Puts an INSERT's data into the spool; before a slot is taken, so that a slow upload holds none. */
export async function spoolData(query: Query, folder: string): Promise<Spooled | undefined> {
  const { insert } = query.statement
  if (insert === undefined) return undefined
  if (!query.packed) return spool(folder, insert.data, query.rest)
  if (insert.data.toString('latin1').trim() !== '')
    throw refusal('BAD_ARGUMENTS', 'An INSERT with data in the URL and a compressed body')
  return spool(folder, Buffer.alloc(0), query.rest)
}

/** @throws ClickHouseException where nothing was sent yet */
export async function runQuery(
  { engine, session, limits, database, continued }: Place,
  { asked, statement, rest, packed }: Query,
  data: Spooled | undefined,
  http: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  refuseForbidden(statement, { readOnly: asked.readOnly, reader: asked.user.readOnly }, engine.tableFunctions)
  const { insert } = statement
  try {
    const sql =
      data !== undefined && insert !== undefined
        ? insert.from(data.path, packed ? compressionOf(http.request) : undefined)
        : adapted(statement, asked)
    // Our reading of the statement must be the engine's.
    if ((await session.countStatements(sql)) > 1)
      throw refusal('SYNTAX_ERROR', 'Syntax error (Multi-statements are not allowed)')
    const format = statement.format ?? asked.defaultFormat
    const streams = statement.streams && canStream(format) && !asked.waitForEnd && http.request.method !== 'HEAD'
    if (!continued || asked.database !== undefined)
      await session.run(`USE \`${(asked.database ?? database).replace(/[`\\]/g, '')}\``, 'Null')
    await allowLong(session, asked)
    // Of data that are packed, or too long to be here as a whole, nobody knows what they would evaluate.
    const looked = insert?.format === 'values' && !packed && rest === undefined
    const evaluates = looked && evaluatesHarmlessly(tokensOf(insert.data.toString('latin1')))
    const settings = settingsOf(asked, limits, evaluates, streams ? Infinity : limits.resultBytes)
    await session.run(`SET ${settings.join(', ')}`, 'Null')
    const answer = { queryId: asked.queryId, format: nameOf(format), version: engine.version, compress: asked.compress }
    if (streams) {
      const blocks = withoutRepeatedHeader(session.stream(sql, format), format)
      await sendBlocks(http.request, http.response, answer, blocks)
    } else {
      const result = await session.run(sql, format)
      sendWhole(http.request, http.response, answer, { ...result, written: insert !== undefined })
    }
  } catch (error) {
    throw fromEngine(error, data === undefined ? [] : [data.path])
  }
}

/** Values of parameters are part of a SET, and may be longer than a statement. */
async function allowLong(session: Session, asked: Asked): Promise<void> {
  const bytes = [...asked.parameters.values()].reduce((sum, value) => sum + 4 * value.length, 0)
  if (bytes > 100_000) await session.run(`SET max_query_size = ${bytes + 1_000_000}`, 'Null')
}

/** Applied in this order: what the client asks, then what it may not exceed, then what cannot be undone. */
function settingsOf(asked: Asked, limits: Limits, evaluates: boolean, resultBytes: number): string[] {
  const set = [...asked.settings].map(([name, value]) => `${name} = ${quote(value)}`)
  for (const [name, value] of asked.parameters) set.push(`param_${name} = ${quote(value)}`)
  const own = (name: string) => Number(asked.settings.get(name)) || Infinity
  const memory = asked.user.readOnly ? limits.queryMemoryBytes / 2 : limits.queryMemoryBytes
  set.push(`max_memory_usage = ${Math.floor(Math.min(own('max_memory_usage'), memory))}`)
  if (asked.user.readOnly) set.push(`max_execution_time = ${Math.min(own('max_execution_time'), limits.readerSeconds)}`)
  if (Number.isFinite(resultBytes))
    set.push(`max_result_bytes = ${Math.min(own('max_result_bytes'), resultBytes)}`, "result_overflow_mode = 'throw'")
  if (!asked.settings.has('max_query_size')) set.push('max_query_size = DEFAULT')
  // As the server has it; the embedded engine's own defaults are those of its command line.
  set.push('implicit_select = 0', 'async_insert = 0')
  if (!asked.settings.has('output_format_json_quote_64bit_integers'))
    set.push('output_format_json_quote_64bit_integers = 1')
  set.push(`input_format_values_interpret_expressions = ${evaluates ? 1 : 0}`)
  set.push(`log_comment = ${quote(asked.queryId)}`)
  // Of a client's own session nothing may be shut for good; there the statement's first word decides alone.
  if (asked.readOnly && asked.session === undefined) set.push(`readonly = ${asked.user.readOnly ? 1 : 2}`)
  return set
}

/** Two things that only the server's protocol knows. */
function adapted(statement: Statement, asked: Asked): string {
  const { sql, tokens } = statement
  const native = (statement.format ?? asked.defaultFormat).toLowerCase() === 'native'
  let out = ''
  let from = 0
  const bytes = Buffer.from(sql)
  for (const [index, token] of tokens.entries()) {
    let replacement: string | undefined
    let end = token.end
    // A query is known by the id that its client gave it: here, as its comment.
    if (statement.verb === 'kill' && isWord(token, 'query_id')) replacement = "Settings['log_comment']"
    // The embedded engine writes Native blocks of revision 0, whatever revision it is of.
    const call =
      native && isWord(token, 'revision') && isSymbol('(')(tokens[index + 1]) && isSymbol(')')(tokens[index + 2])
    if (call) {
      replacement = 'toUInt32(0)'
      end = tokens[index + 2]?.end ?? end
    }
    if (replacement === undefined) continue
    out += bytes.toString('utf8', from, token.start) + replacement
    from = end
  }
  return out + bytes.toString('utf8', from)
}

/** Formats are named in any case: the header says the usual one where we know it. */
const usual = [
  'TabSeparated',
  'CSV',
  'JSON',
  'JSONEachRow',
  'JSONCompact',
  'JSONCompactEachRow',
  'Native',
  'RowBinary',
  'Null',
  'Pretty',
]
const nameOf = (format: string) => usual.find(name => name.toLowerCase() === format.toLowerCase()) ?? format
