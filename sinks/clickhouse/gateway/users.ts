/**
 * Who asks: `milepost` by password, or `analyst`, who only reads. By URL parameters, X-ClickHouse-User and -Key, or basic
 * authentication, as ClickHouse has it. There is no `default`.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { refusal } from './errors.ts'

export interface User {
  readonly name: string
  readonly readOnly: boolean
}

export interface Passwords {
  readonly milepost: string
  /** Absent: the analyst needs none, from this machine alone. */
  readonly analyst?: string | undefined
}

/** @throws ClickHouseException AUTHENTICATION_FAILED, the same whatever was wrong */
export function authenticate(request: IncomingMessage, url: URLSearchParams, passwords: Passwords): User {
  const { name, password } = credentials(request, url)
  if (name === 'milepost' && passwords.milepost !== '' && same(password, passwords.milepost))
    return { name, readOnly: false }
  if (name === 'analyst') {
    const known = passwords.analyst
    if (known === undefined ? password === '' && isLocal(request) : same(password, known))
      return { name, readOnly: true }
  }
  throw refusal(
    'AUTHENTICATION_FAILED',
    `${name}: Authentication failed: password is incorrect, or there is no user with such name`,
  )
}

function credentials(request: IncomingMessage, url: URLSearchParams): { name: string; password: string } {
  const { authorization } = request.headers
  const basic = /^basic\s+(.*)$/i.exec(authorization ?? '')?.[1]
  if (basic !== undefined) {
    const decoded = Buffer.from(basic, 'base64').toString()
    const colon = decoded.indexOf(':')
    return colon === -1
      ? { name: decoded, password: '' }
      : { name: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
  }
  const named = header(request, 'x-clickhouse-user')
  if (named !== undefined) return { name: named, password: header(request, 'x-clickhouse-key') ?? '' }
  return {
    name: url.get('user') ?? 'default',
    password: url.get('password') ?? header(request, 'x-clickhouse-key') ?? '',
  }
}

/**
 * From this machine and under its own name: a web page that points a name of its own at 127.0.0.1 would otherwise read the
 * database through its visitor's browser.
 */
function isLocal(request: IncomingMessage): boolean {
  const from = request.socket.remoteAddress ?? ''
  const host = (request.headers.host ?? '').replace(/:\d+$/, '')
  const loopback = /^(?:::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/
  return loopback.test(from) && (host === 'localhost' || loopback.test(host.replace(/^\[|\]$/g, '')))
}

/** One value of a header that comes once. */
export const header = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

const same = (a: string, b: string) => timingSafeEqual(hash(a), hash(b))
const hash = (text: string) => createHash('sha256').update(text).digest()
