/** The control tower's page: static files, read once, that load nothing from anywhere else. */
import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import type { FastifyInstance } from 'fastify'

const FOLDER = join(import.meta.dirname, '../../dashboards/control-tower')
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
}

/** Scripts, styles and requests of this origin only, in no frame: what is stored cannot make the page do anything. */
export const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** Of the whole page half the bytes that gzip leaves, in a moment. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }

/** `/` and `/assets/PATH`. Anybody may have them: they hold no data. */
export function pageRoutes(app: FastifyInstance): void {
  for (const name of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    const bytes = readFileSync(join(FOLDER, name))
    const small = brotliCompressSync(bytes, BROTLI)
    const etag = `"${hash('sha256', bytes).slice(0, 16)}"`
    app.get(name === 'index.html' ? '/' : `/assets/${name.replaceAll('\\', '/')}`, (request, reply) => {
      reply.headers({ etag, 'cache-control': 'no-cache', vary: 'accept-encoding' })
      if (request.headers['if-none-match'] === etag) return reply.code(304).send()
      const takesBrotli = /\bbr\b/.test(String(request.headers['accept-encoding']))
      if (takesBrotli) reply.header('content-encoding', 'br')
      return reply.type(type).send(takesBrotli ? small : bytes)
    })
  }
}
