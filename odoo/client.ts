/**
 * Speaks to Odoo 19 by JSON-2: POST /json/2/MODEL/METHOD, one request at a time, each a transaction of its own. What it
 * says of an error never has the key in it, nor the traceback that Odoo sends along (`debug`).
 */

export interface OdooAccess {
  /** Where Odoo is, without a path. */
  readonly url: string
  readonly database: string
  readonly apiKey: string
  /** For one request, from sending it to the last byte of the answer. */
  readonly timeoutMs?: number
}

/** Odoo can't answer now: the same request may succeed later. */
export class OdooAway extends Error {
  override readonly name = 'OdooAway'
}
/** Odoo answers that it won't: somebody has to change a key, a right or a setting. */
export class OdooRefused extends Error {
  override readonly name = 'OdooRefused'
  readonly status: number
  /** Odoo's own name of it, such as `odoo.exceptions.AccessError`; empty where the answer was no JSON. */
  readonly kind: string

  constructor(status: number, kind: string, message: string) {
    super(message)
    this.status = status
    this.kind = kind
  }
}

/** A lot for Odoo, whose own limit is 120 s of processor time. */
const TIMEOUT_MS = 60_000
const MAX_MESSAGE_CHARS = 200

export class OdooClient {
  readonly database: string
  readonly #access: OdooAccess
  /** The request before, be it well or ill. */
  #before: Promise<unknown> = Promise.resolve()

  constructor(access: OdooAccess) {
    this.#access = access
    this.database = access.database
  }

  /**
   * Call a method; `body` has `ids`, `context` and the arguments by name. Requests wait for one another. Rejects with
   * `OdooAway`, `OdooRefused`, or the reason of `stop`.
   */
  call<T>(model: string, method: string, body: object, stop?: AbortSignal): Promise<T> {
    const turn = this.#before.then(() => {
      stop?.throwIfAborted()
      return this.#post(`${model}/${method}`, body, stop)
    })
    this.#before = turn.catch(() => undefined)
    return turn as Promise<T>
  }

  async #post(path: string, body: object, stop: AbortSignal | undefined): Promise<unknown> {
    const { url, database, apiKey, timeoutMs = TIMEOUT_MS } = this.#access
    const limit = AbortSignal.timeout(timeoutMs)
    let status: number
    let text: string
    try {
      const response = await fetch(new URL(`/json/2/${path}`, url), {
        method: 'POST',
        // Another address is to get the key from nobody but the settings.
        redirect: 'manual',
        headers: {
          authorization: `bearer ${apiKey}`,
          'content-type': 'application/json; charset=utf-8',
          'x-odoo-database': database,
          'user-agent': 'milepost',
        },
        body: JSON.stringify(body),
        signal: stop ? AbortSignal.any([stop, limit]) : limit,
      })
      status = response.status
      text = await response.text()
    } catch (error) {
      stop?.throwIfAborted()
      throw new OdooAway(
        limit.aborted ? `no answer to ${path} within ${timeoutMs} ms` : `no answer: ${reasonOf(error)}`,
      )
    }
    const json = parsed(text)
    if (status === 200 && json !== undefined) return json
    throw errorOf(path, status, json)
  }
}

/** Statuses that come from what stands before Odoo, or from an Odoo that starts. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504])
/** Of Odoo's own 500s and 422s, those that another try may not meet. */
const MAY_PASS = /^psycopg2\.(?:errors|OperationalError|InterfaceError)/
const FOLLOW_TWICE = /follow.* twice/i

/** What an answer that is no success comes to. */
export function errorOf(path: string, status: number, json: unknown): OdooAway | OdooRefused {
  const { name, message } = said(json)
  const words = `${path}: ${status}${message === '' ? '' : ` ${message}`}`
  if (PASSING.has(status) || MAY_PASS.test(name) || FOLLOW_TWICE.test(message)) return new OdooAway(words)
  // Odoo's errors are JSON: a 5xx that is none is of a proxy, or of an Odoo that is not up yet.
  if (status >= 500 && name === '') return new OdooAway(words)
  if (status === 404 && name === '')
    return new OdooRefused(status, name, `${path}: there is no such database, or that is no Odoo 19 (404)`)
  if (status === 200) return new OdooRefused(status, name, `${path}: the answer is no JSON: is that Odoo?`)
  return new OdooRefused(status, name, words)
}

/** Odoo's words, the first line of them; of a traceback, which an import puts among them, what it ends in. */
function said(json: unknown): { name: string; message: string } {
  const { name, message } = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>
  const lines = typeof message === 'string' ? message.split('\n').filter(line => line.trim() !== '') : []
  const trace = lines.findIndex(line => line.includes('Traceback (most recent call last)'))
  const after = trace < 0 ? [] : lines.slice(trace + 1)
  const thrown = after.findIndex(line => /^\S/.test(line))
  const line = [lines[0] ?? '', ...(thrown < 0 ? [] : after.slice(thrown, thrown + 2))].join(' ')
  return { name: typeof name === 'string' ? name : '', message: line.slice(0, MAX_MESSAGE_CHARS) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Why `fetch` failed: what it says itself is only that it did. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } }
  return cause?.code ?? cause?.message ?? message
}
