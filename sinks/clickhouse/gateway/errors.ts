/**
 * Errors as ClickHouse says them over HTTP: `Code: 62. DB::Exception: … (SYNTAX_ERROR) (version …)` with a status and the
 * header `X-ClickHouse-Exception-Code`. The engine's own errors pass through; the gateway's are made here.
 */
export type Code = keyof typeof codes

const codes = {
  BAD_ARGUMENTS: 36,
  NOT_IMPLEMENTED: 48,
  SYNTAX_ERROR: 62,
  QUERY_IS_TOO_LARGE: 307,
  READONLY: 164,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
  QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING: 216,
  NOT_ENOUGH_SPACE: 243,
  TOO_MANY_BYTES: 307,
  SESSION_NOT_FOUND: 372,
  SESSION_IS_LOCKED: 373,
  CANNOT_DECOMPRESS: 271,
  ACCESS_DENIED: 497,
  AUTHENTICATION_FAILED: 516,
  UNFINISHED: 236,
} as const

const names: Partial<Record<Code, string>> = { QUERY_IS_TOO_LARGE: 'TOO_MANY_BYTES', UNFINISHED: 'ABORTED' }

/** An answer other than 200, in ClickHouse's words. */
export class ClickHouseException extends Error {
  override readonly name = 'ClickHouseException'
  readonly code: number
  /** HTTP status. */
  readonly status: number
  constructor(code: number, text: string, status = statusOf(code)) {
    super(text)
    this.code = code
    this.status = status
  }
}

export const refusal = (code: Code, message: string, status?: number): ClickHouseException =>
  new ClickHouseException(
    codes[code],
    `Code: ${codes[code]}. DB::Exception: ${message.replace(/\.$/, '')}. (${names[code] ?? code})`,
    status ?? statusOf(codes[code]),
  )

/** The engine repeats the prefix once per layer that an error passed; a reader needs it once. */
const repeatedPrefix = /^((?:std::exception\. )?Code: \d+\. DB::Exception: )(?:Code: \d+\. DB::Exception: )+/
const repeatedSuffix = / (\([A-Z_0-9]+\))(?: \(version [^)]*\)\.? \1)+\s*$/

/**
 * An error of the engine as the client is to see it.
 * @param hidden paths of this machine (the spooled body) that are nobody's business
 */
export const fromEngine = (error: unknown, hidden: readonly string[] = []): ClickHouseException => {
  let text = error instanceof Error ? error.message : String(error)
  for (const path of hidden) text = text.replaceAll(path, '(body of the request)')
  if (error instanceof ClickHouseException) return new ClickHouseException(error.code, text, error.status)
  text = text.replace(repeatedPrefix, '$1').replace(repeatedSuffix, ' $1').trim()
  const code = Number(/Code: (\d+)/.exec(text)?.[1] ?? 1002)
  if (!text.includes('DB::Exception')) text = `Code: ${code}. DB::Exception: ${text}. (UNKNOWN_EXCEPTION)`
  return new ClickHouseException(code, text)
}

/** As the server maps them (`exceptionCodeToHTTPStatus`): what a proxy or `curl -f` goes by. */
function statusOf(code: number): number {
  if (badRequest.has(code)) return 400
  if (notFound.has(code)) return 404
  if (code === 516 || code === 497) return 403
  if (code === 159) return 408
  if (code === 307 || code === 223) return 413
  if (code === 48 || code === 344) return 501
  if (code === 202 || code === 209 || code === 236) return 503
  return 500
}
// CANNOT_PARSE_*, CANNOT_READ_ALL_DATA, SYNTAX_ERROR, INCORRECT_DATA, TYPE_MISMATCH, BAD_QUERY_PARAMETER …
const badRequest = new Set([6, 26, 27, 33, 36, 38, 41, 53, 62, 72, 117, 170, 386, 427, 456, 457])
// UNKNOWN_TABLE, _IDENTIFIER, _FUNCTION, _TYPE, _DATABASE, _SETTING, _FORMAT …
const notFound = new Set([16, 46, 47, 50, 60, 73, 81, 115, 218])
