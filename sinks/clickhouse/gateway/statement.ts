/**
 * One statement as it came over HTTP, taken apart: what it does, what it says about the format, and where an INSERT's data
 * begins. The engine runs part of an INSERT's inline data as SQL (data ends at an empty line and the rest is executed), so
 * data never reaches it inside a statement: it is spooled to a file and the statement rewritten to read that file.
 */
import { refusal } from './errors.ts'
import { tokensOf, type Token } from './lexer.ts'

export interface Statement {
  /** Lower-case first word: select, insert, create, … `(` for a parenthesised select. */
  readonly verb: string
  /** Changes nothing, if the engine agrees (`readonly`). */
  readonly reads: boolean
  /** Its result can be handed out in blocks. */
  readonly streams: boolean
  readonly tokens: readonly Token[]
  readonly sql: string
  /** Of the FORMAT clause; undefined where the request decides. */
  readonly format?: string
  /** An INSERT that brings its own data. */
  readonly insert?: Insert
}

export interface Insert {
  /** Lower case. */
  readonly format: string
  /** What of the data came with the statement itself. */
  readonly data: Buffer
  /** The statement that reads the data from `path`; `compression` as INFILE names it. */
  readonly from: (path: string, compression: string | undefined) => string
}

const reading = new Set(['select', 'with', 'from', '(', 'show', 'describe', 'desc', 'explain', 'exists'])

/**
 * The engine hands only SELECTs out in blocks, and plans those on the calling thread: subqueries that it evaluates while
 * planning (scalars, the right side of IN) would stop the whole gateway. One in FROM or JOIN is evaluated later.
 */
function streamsWell(tokens: readonly Token[]): boolean {
  if (!isWord(tokens[0], 'select') && !isWord(tokens[0], 'from')) return false
  return tokens.every((token, index) => {
    if (!isSymbol('(')(token)) return true
    const inner = tokens[index + 1]
    if (!isWord(inner, 'select') && !isWord(inner, 'with') && !isWord(inner, 'from') && !isSymbol('(')(inner))
      return true
    return isWord(tokens[index - 1], 'from') || isWord(tokens[index - 1], 'join')
  })
}

/**
 * @param complete false where `bytes` is only the beginning of the body: enough for an INSERT with its data, for nothing else
 * @throws ClickHouseException for what is not exactly one statement that we can read for certain
 */
export function parseStatement(bytes: Buffer, complete: boolean): Statement {
  const lexer = tokensOf(bytes.toString('latin1'))
  const first = lexer.next()
  if (first.done === true) {
    if (!complete) throw tooLarge()
    throw refusal('SYNTAX_ERROR', 'Empty query')
  }
  const tokens: Token[] = [first.value]
  const verb = first.value.kind === 'quoted' || first.value.kind === 'string' ? '' : first.value.text
  if (verb === 'insert') return parseInsert(bytes, tokens, lexer, complete)
  if (!complete) throw tooLarge()
  for (const token of lexer) tokens.push(token)
  refuseNul(bytes)
  const last = oneStatement(tokens)
  const format = formatClause(last)
  return {
    verb,
    reads: reading.has(verb),
    streams: streamsWell(last),
    tokens: last,
    sql: bytes.toString('utf8', 0, last.at(-1)?.end ?? bytes.length),
    ...(format === undefined ? {} : { format }),
  }
}

const tooLarge = () => refusal('QUERY_IS_TOO_LARGE', 'The statement is too large (only the data of an INSERT may be)')

/** Where the engine's parser, in C++, may see the end of the text. */
function refuseNul(bytes: Buffer): void {
  if (bytes.includes(0)) throw refusal('SYNTAX_ERROR', 'Syntax error: NUL in the statement')
}

/** Cuts a closing semicolon; refuses a second statement and whatever may smuggle one in. */
function oneStatement(tokens: readonly Token[]): readonly Token[] {
  const end = tokens.findIndex(isSymbol(';'))
  if (end !== -1 && tokens.slice(end).some(token => !isSymbol(';')(token)))
    throw refusal('SYNTAX_ERROR', 'Syntax error (Multi-statements are not allowed)')
  const kept = end === -1 ? tokens : tokens.slice(0, end)
  for (const [index, token] of kept.entries()) {
    const next = kept[index + 1]
    if (index > 0 && isWord(token, 'insert') && isWord(next, 'into'))
      throw refusal('SYNTAX_ERROR', 'Syntax error: INSERT must be the first word of its statement')
    if (isWord(token, 'parallel') && isWord(next, 'with'))
      throw refusal('SYNTAX_ERROR', 'Syntax error (PARALLEL WITH: Multi-statements are not allowed)')
  }
  return kept
}

/** FORMAT of the outermost query. */
function formatClause(tokens: readonly Token[]): string | undefined {
  let depth = 0
  let format: string | undefined
  for (const [index, token] of tokens.entries()) {
    depth += depthOf(token)
    if (depth === 0 && isWord(token, 'format') && isName(tokens[index + 1])) format = tokens[index + 1]?.text
  }
  return format
}

function parseInsert(
  bytes: Buffer,
  tokens: Token[],
  lexer: Generator<Token, void, undefined>,
  complete: boolean,
): Statement {
  let depth = 0
  let settingsAt: number | undefined
  const statement = (insert: Insert | undefined, end: number): Statement => ({
    verb: 'insert',
    reads: false,
    streams: false,
    tokens,
    sql: bytes.toString('utf8', 0, end),
    ...(insert === undefined ? {} : { insert }),
  })
  const next = (): Token | undefined => {
    const step = lexer.next()
    if (step.done === true) return undefined
    tokens.push(step.value)
    return step.value
  }
  for (let token = next(); token !== undefined; token = next()) {
    const inside = depth > 0
    depth += depthOf(token)
    const before = tokens.at(-2)
    const selects = isWord(token, 'select') || isWord(token, 'with') || isWord(token, 'from')
    if (selects && (!inside || isSymbol('(')(before))) return insertSelect(bytes, tokens, next, statement, complete)
    if (inside) continue
    if (isSymbol(';')(token)) break
    // A table may be called values, format or settings.
    if (isWord(before, 'into') || isWord(before, 'table') || isSymbol('.')(before)) continue
    if (isWord(token, 'settings')) settingsAt ??= token.start
    const isValues = isWord(token, 'values')
    if (!isValues && !isWord(token, 'format')) continue
    const name = isValues ? token : next()
    if (name === undefined || (!isValues && !isName(name))) break
    refuseNul(bytes.subarray(0, name.end))
    const head = bytes.toString('utf8', 0, settingsAt ?? token.start)
    const settings = settingsAt === undefined ? '' : bytes.toString('utf8', settingsAt, token.start)
    const format = isValues ? 'Values' : nameAsWritten(bytes, name)
    return statement(
      {
        format: name.text,
        data: bytes.subarray(isValues ? name.end : dataStart(bytes, name.end)),
        from: (path, compression) =>
          `${head} FROM INFILE ${quote(path)}${compression === undefined ? '' : ` COMPRESSION ${quote(compression)}`} ${settings} FORMAT ${format}`,
      },
      token.start,
    )
  }
  if (!complete) throw tooLarge()
  throw refusal('SYNTAX_ERROR', 'Syntax error: INSERT without VALUES, FORMAT or SELECT')
}

/** INSERT … SELECT brings no data, unless it reads input(…): then the file takes the place of that function. */
function insertSelect(
  bytes: Buffer,
  tokens: Token[],
  next: () => Token | undefined,
  statement: (insert: Insert | undefined, end: number) => Statement,
  complete: boolean,
): Statement {
  let depth = tokens.reduce((sum, token) => sum + depthOf(token), 0)
  let input: { start: number; end: number } | undefined
  for (let token = next(); token !== undefined; token = next()) {
    depth += depthOf(token)
    if (isSymbol('(')(token) && isWord(tokens.at(-2), 'input'))
      input ??= { start: tokens.at(-2)?.start ?? 0, end: token.end }
    if (depth !== 0 || !isWord(token, 'format')) continue
    const name = next()
    if (!isName(name)) break
    if (input === undefined)
      throw refusal('SYNTAX_ERROR', 'Syntax error: INSERT … SELECT … FORMAT needs the function input()')
    refuseNul(bytes.subarray(0, name.end))
    const { start, end } = input
    const format = nameAsWritten(bytes, name)
    return statement(
      {
        format: name.text,
        data: bytes.subarray(dataStart(bytes, name.end)),
        from: (path, compression) => {
          if (compression !== undefined) throw refusal('NOT_IMPLEMENTED', 'input() with a compressed body')
          return `${bytes.toString('utf8', 0, start)}file(${quote(path)}, ${quote(format)}, ${bytes.toString('utf8', end, token.start)}`
        },
      },
      token.start,
    )
  }
  if (!complete) throw tooLarge()
  if (input !== undefined) throw refusal('SYNTAX_ERROR', 'Syntax error: input() needs FORMAT and data')
  refuseNul(bytes)
  const kept = oneStatement(tokens)
  return statement(undefined, kept.at(-1)?.end ?? bytes.length)
}

/** As the server: blanks, then at most one line end, belong to FORMAT; everything after is data. */
function dataStart(bytes: Buffer, formatEnd: number): number {
  let at = formatEnd
  while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0c) at++
  if (bytes[at] === 0x3b) at++
  if (bytes[at] === 0x0d) at++
  if (bytes[at] === 0x0a) at++
  return at
}

export const isWord = (token: Token | undefined, text: string): boolean => token?.kind === 'word' && token.text === text
export const isSymbol =
  (text: string) =>
  (token: Token | undefined): boolean =>
    token?.kind === 'symbol' && token.text === text
export const isName = (token: Token | undefined): token is Token => token?.kind === 'word' || token?.kind === 'quoted'
const depthOf = ({ kind, text }: Token) =>
  kind !== 'symbol' ? 0 : '([{'.includes(text) ? 1 : ')]}'.includes(text) ? -1 : 0
const nameAsWritten = (bytes: Buffer, name: Token) => bytes.toString('latin1', name.start, name.end)

/** A value as a string literal of SQL. */
export const quote = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
