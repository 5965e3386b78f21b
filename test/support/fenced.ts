/** Documentation that runs: the fenced blocks of a page, and how what a page shows is compared with what came. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Fenced {
  readonly language: string
  readonly text: string
  /** Of the line after the opening fence, counted from 1. */
  readonly line: number
}

/** The blocks of a page of the repository, in order; under one heading of the second level where one is named. */
export function fencedOf(page: string, heading?: string): Fenced[] {
  const lines = readFileSync(join(import.meta.dirname, '..', '..', page), 'utf8').split('\n')
  const blocks: Fenced[] = []
  let open: { language: string; line: number; text: string[] } | undefined
  let here = heading === undefined
  for (const [i, line] of lines.entries()) {
    const fence = /^```(\w*)/.exec(line)
    if (open && fence) {
      if (here) blocks.push({ language: open.language, line: open.line, text: open.text.join('\n') })
      open = undefined
    } else if (open) open.text.push(line)
    else if (fence) open = { language: fence[1] ?? '', line: i + 2, text: [] }
    else if (heading !== undefined && line.startsWith('## ')) here = line === `## ${heading}`
  }
  assert.ok(blocks.length > 0, `${page} has nothing fenced${heading === undefined ? '' : ` under "${heading}"`}`)
  return blocks
}

const TIME = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,3})?Z?/g
const timeless = (text: string) => text.replace(TIME, '<time>')

/** Why what came is not as the page has it; undefined: it is. Times are any times; white space at the ends of lines does not count. */
export const textDiffers = (shown: string, came: string): string | undefined => {
  const [wanted, got] = [shown, came].map(text => timeless(text).replace(/ +$/gm, '').trim())
  return wanted === got ? undefined : `expected\n${wanted ?? ''}\ncame\n${got ?? ''}`
}

/**
 * Why what came does not hold what the page has; undefined: it does. The page may leave out members of objects. Unless it
 * is to be exact, it may also leave out elements of an array that it does not show empty, and times are any times.
 */
export function jsonDiffers(shown: unknown, came: unknown, { exact = false } = {}, at = '$'): string | undefined {
  const differs = (a: unknown, b: unknown, where: string) => jsonDiffers(a, b, { exact }, where)
  if (Array.isArray(shown)) {
    if (!Array.isArray(came)) return `${at}: expected an array, came ${JSON.stringify(came)}`
    if ((exact || shown.length === 0) && shown.length !== came.length)
      return `${at}: expected ${shown.length} elements, came ${JSON.stringify(came)}`
    let next = 0
    for (const [i, element] of shown.entries()) {
      const rest = came.slice(next, exact ? next + 1 : undefined)
      const found = rest.findIndex(one => differs(element, one, at) === undefined)
      if (found < 0) return [`${at}: not [${i}]`, ...rest.map(one => differs(element, one, `${at}[${i}]`))].join('\n  ')
      next += found + 1
    }
    return undefined
  }
  if (typeof shown === 'object' && shown !== null) {
    if (typeof came !== 'object' || came === null) return `${at}: expected an object, came ${JSON.stringify(came)}`
    for (const [name, value] of Object.entries(shown)) {
      const why = differs(value, (came as Record<string, unknown>)[name], `${at}.${name}`)
      if (why !== undefined) return why
    }
    return undefined
  }
  const form = (value: unknown) => (typeof value === 'string' && !exact ? timeless(value) : value)
  return form(shown) === form(came)
    ? undefined
    : `${at}: expected ${JSON.stringify(shown)}, came ${JSON.stringify(came)}`
}
