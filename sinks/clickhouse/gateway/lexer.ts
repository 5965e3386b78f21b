/**
 * ClickHouse's lexer, as far as the gateway relies on it. What the engine might read otherwise than we do (here
 * documents, typographic quotes, other unicode outside strings) is refused instead of guessed at.
 */
import { refusal } from './errors.ts'

export interface Token {
  /** `word`: bare; `quoted`: "…" or `…`; `string`: '…'; `number`; `symbol`: one character. */
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'symbol'
  /** Words and quoted identifiers as the engine sees them, in lower case; everything else as written. */
  readonly text: string
  /** Byte offsets: first, and first after. */
  readonly start: number
  readonly end: number
}

const space = /[ \t\r\n\f\v]+/y
const word = /[A-Za-z_][A-Za-z0-9_$]*/y
const number = /[0-9][0-9A-Za-z_]*(?:\.[0-9][0-9A-Za-z_]*)?/y
const lineComment = /(?:--|#[ !]|\/\/)[^\n]*/y
const blockComment = /\/\*[\s\S]*?\*\//y

/**
 * @param latin1 the statement's bytes, one character a byte, so that offsets are byte offsets
 * @throws ClickHouseException at what cannot be read for certain; tokens before it have been yielded
 */
export function* tokensOf(latin1: string): Generator<Token, void, undefined> {
  let at = 0
  const matched = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(latin1)?.[0]
  }
  while (at < latin1.length) {
    const start = at
    const skipped = matched(space) ?? matched(lineComment) ?? matched(blockComment)
    if (skipped !== undefined) {
      at += skipped.length
      continue
    }
    const character = latin1.charAt(at)
    let text: string | undefined
    let kind: Token['kind']
    if ((text = matched(word)) !== undefined) kind = 'word'
    else if ((text = enclosed(latin1, at)) !== undefined) kind = character === "'" ? 'string' : 'quoted'
    else if ((text = matched(number)) !== undefined) kind = 'number'
    else if (/[(),.;:?<>=!+*/%|^@{}[\]~&-]/.test(character) && !latin1.startsWith('/*', at)) {
      kind = 'symbol'
      text = character
    } else throw unreadable(character, start)
    at += text.length
    if (kind === 'word' && (text === 'x' || text === 'X' || text === 'b' || text === 'B')) refuseOddLiteral(latin1, at)
    yield {
      kind,
      text: kind === 'word' ? text.toLowerCase() : kind === 'quoted' ? unquoted(text).toLowerCase() : text,
      start,
      end: at,
    }
  }
}

/** From one quote to its fellow; a backslash escapes, a doubled quote is one. A loop: a pattern would recurse over megabytes. */
function enclosed(latin1: string, at: number): string | undefined {
  const quote = latin1.charCodeAt(at)
  if (quote !== 0x27 && quote !== 0x22 && quote !== 0x60) return undefined
  for (let end = at + 1; end < latin1.length; end++) {
    const code = latin1.charCodeAt(end)
    if (code === 0x5c) end++
    else if (code === quote && latin1.charCodeAt(end + 1) !== quote) return latin1.slice(at, end + 1)
    else if (code === quote) end++
  }
  return undefined
}

function unreadable(character: string, at: number): Error {
  const what =
    character === "'" || character === '"' || character === '`'
      ? 'quote is not closed'
      : character === '$'
        ? 'strings of the form $tag$…$tag$ are not accepted here'
        : character >= '\x80'
          ? 'only ASCII outside strings and quoted names'
          : 'unrecognized token'
  return refusal('SYNTAX_ERROR', `Syntax error: failed at position ${at + 1}: ${what}`)
}

/** In x'…' and b'…' a backslash does not escape: only their plain forms read the same both ways. */
function refuseOddLiteral(latin1: string, at: number): void {
  if (latin1.charAt(at) === "'" && !/^'[0-9A-Fa-f]*'/.test(latin1.slice(at, at + 4096)))
    throw refusal('SYNTAX_ERROR', `Syntax error: failed at position ${at + 1}: not a hexadecimal or binary literal`)
}

const escapes: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  0: '\0',
  a: '\x07',
  v: '\v',
  e: '\x1b',
}

/** `"fi\x6ce"` is `file`: a name must not slip past by spelling. */
function unquoted(text: string): string {
  const quote = text.charAt(0)
  return text
    .slice(1, -1)
    .replaceAll(quote + quote, quote)
    .replace(/\\(?:x([0-9A-Fa-f]{2})|([\s\S]))/g, (_, hex: string | undefined, one: string | undefined) =>
      hex === undefined ? (escapes[one ?? ''] ?? one ?? '') : String.fromCharCode(parseInt(hex, 16)),
    )
}
