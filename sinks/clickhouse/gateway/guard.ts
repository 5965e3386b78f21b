/**
 * What each user may run. The engine has no users of its own and no jail: `file()` reads any file of the machine even under
 * `readonly = 1`, so names that reach beyond the database are refused wherever they stand. (A function need not be called
 * to be used: `arrayMap(file, ['/etc/passwd'])`, `* APPLY(file)`.)
 */
import { refusal } from './errors.ts'
import { isSymbol, isWord, type Statement } from './statement.ts'
import type { Token } from './lexer.ts'

/** Reads or writes files of the machine, runs programs, or evaluates text as SQL. */
const beyondTheDatabase = new Set([
  ...[
    'file',
    'filecluster',
    'filesystem',
    'filelog',
    'sqlite',
    'embeddedrocksdb',
    'arrowstream',
    'python',
    'jdbc',
    'odbc',
  ],
  ...['iceberglocal', 'iceberglocalcluster', 'deltalakelocal', 'paimonlocal', 'catboostevaluate'],
  ...['executable', 'executablepool', 'eval', 'queryrunner'],
  // Settings whose value is an expression, and those that change how text is read.
  ...['additional_result_filter', 'additional_table_filters', 'parallel_replicas_custom_key', 'dialect'],
  ...['allow_experimental_eval_table_function', 'format_schema', 'format_schema_source'],
  'input_format_values_interpret_expressions',
])

/** Reach out of the machine without being table functions. */
const beyondForReaders = new Set([
  'hascolumnintable',
  'aiclassify',
  'aiembed',
  'aiextract',
  'aigenerate',
  'aitranslate',
])

/**
 * Table functions whose arguments are text that the engine reads as SQL (`generateRandom('s String ALIAS file(…)')`, rows of
 * VALUES in `format`) or as the name of a file (`url('file:///…')`, also as the engine of a table). The text may be put
 * together by any expression, so that it cannot be looked through.
 */
const readTextAsSql = new Set(['format', 'generaterandom', 'values', 'sqlstandardvalues', 'url', 'urlcluster'])
/** They too, but they are needed: the text must stand there, and say nothing but names and types. */
const takeStructure = new Set(['null', 'input'])

/**
 * Table functions that only compute, or read what may be read anyway. All others reach out of the machine, and the
 * structure that many of them take is text that is read as SQL.
 */
const harmlessTableFunctions = new Set([
  ...['numbers', 'numbers_mt', 'zeros', 'zeros_mt', 'primes', 'generate_series', 'generateseries'],
  ...['null', 'input', 'view', 'viewifpermitted', 'merge', 'dictionary', 'loop'],
])

export interface Rights {
  /** Nothing may be changed. */
  readonly readOnly: boolean
  /** Nothing outside may be asked either. */
  readonly reader: boolean
}

/** @param tableFunctions lower-case names of all table functions that the engine has */
export function refuseForbidden(statement: Statement, rights: Rights, tableFunctions: ReadonlySet<string>): void {
  const { verb, tokens, reads } = statement
  if (rights.readOnly && !reads) throw refusal('READONLY', 'Cannot execute query in readonly mode')
  if (verb === 'system' && tokens.some(token => isIn(systemWideStops, token)))
    throw refusal('ACCESS_DENIED', 'Not enough privileges: SYSTEM SHUTDOWN, KILL and SUSPEND stop the whole service')
  const backup = verb === 'backup' || verb === 'restore'
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1]
    if (isWord(token, 'into') && isWord(next, 'outfile'))
      throw refusal('NOT_IMPLEMENTED', 'INTO OUTFILE is not allowed over HTTP: read the answer instead')
    if (isWord(token, 'from') && isWord(next, 'infile'))
      throw refusal('NOT_IMPLEMENTED', 'FROM INFILE is not allowed over HTTP: send the data in the body')
    if (verb === 'attach' && isWord(token, 'from') && next?.kind === 'string')
      throw refusal('ACCESS_DENIED', 'Not enough privileges: ATTACH … FROM a path')
    if (token.kind !== 'word' && token.kind !== 'quoted') continue
    // BACKUP … TO File(…) is confined to the backups folder by the engine's configuration.
    if (backup && token.text === 'file') continue
    if (isIn(beyondTheDatabase, token)) throw beyond(token)
    if (token.text === 'disk' && isSymbol('(')(next)) throw beyond(token)
    const called = isSymbol('(')(next) && !(makesOrFills.has(verb) && namesTable(tokens[index - 1]))
    const [first, second] = [tokens[index + 2], tokens[index + 3]]
    if (called && isIn(readTextAsSql, token) && !isPattern(token, first, second)) throw beyond(token)
    if (called && isIn(takeStructure, token) && !isPlainStructure(first, second)) throw beyond(token)
    if (called && token.text !== 'format' && isIn(tableFunctions, token) && !isIn(harmlessTableFunctions, token))
      throw beyond(token)
    if (rights.reader && isIn(beyondForReaders, token)) throw beyond(token)
  }
}

const makesOrFills = new Set(['create', 'insert'])
/** In `CREATE TABLE input (a UInt8)` and `INSERT INTO values (a)` nothing is called. */
const namesTable = (before: Token | undefined) =>
  isWord(before, 'table') || isWord(before, 'exists') || isWord(before, 'into') || isSymbol('.')(before)
/** `format('{}, {}', a, b)`, which makes a string, and not the table function: no format is called so. */
const isPattern = ({ text: name }: Token, first: Token | undefined, second: Token | undefined) =>
  name === 'format' && first?.kind === 'string' && first.text.includes('{') && isSymbol(',')(second)
const isPlainStructure = (first: Token | undefined, second: Token | undefined) =>
  first?.kind === 'string' &&
  isSymbol(')')(second) &&
  !/\\x|\b(?:default|alias|materialized|ephemeral)\b/i.test(first.text)

/** VALUES may hold expressions, which the engine evaluates: only of names that any statement may use. */
export function evaluatesHarmlessly(tokens: Iterable<Token>): boolean {
  try {
    for (const token of tokens) if (isIn(beyondTheDatabase, token)) return false
    return true
  } catch {
    return false
  }
}

const systemWideStops = new Set(['shutdown', 'kill', 'suspend', 'failpoint'])
const isIn = (names: ReadonlySet<string>, { kind, text }: Token) =>
  (kind === 'word' || kind === 'quoted') && names.has(text)
const beyond = ({ text }: Token) =>
  refusal('ACCESS_DENIED', `Not enough privileges: \`${text}\` reaches beyond the database and is refused everywhere`)

/** A reader may say how results look and how much of them; whatever else changes a query stays as it is. */
const readersSettings =
  /^(?:output_format_|format_(?!schema)|max_|min_|join_|group_by_|date_time_|http_|send_progress|session_timezone$|final$|limit$|offset$|extremes$|enable_http_compression$|wait_end_of_query$|default_format$|result_overflow_mode$|timeout_|log_queries$|add_http_cors_header$|cancel_http_readonly_queries_on_client_close$|connect_timeout|receive_timeout|send_timeout|totals_mode$|optimize_|readonly$)/

/** @throws ClickHouseException where this user may not set this setting */
export function refuseSetting(name: string, readOnly: boolean): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw refusal('BAD_ARGUMENTS', `Not the name of a setting: ${name}`)
  if (beyondTheDatabase.has(name.toLowerCase())) throw beyond({ kind: 'word', text: name, start: 0, end: 0 })
  if (readOnly && !readersSettings.test(name))
    throw refusal('READONLY', `Cannot modify '${name}' setting in readonly mode`)
}
