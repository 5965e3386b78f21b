/** An Odoo 19 to stand in for the real one: its JSON-2 over HTTP on loopback, statuses and errors as that one's were recorded. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { badJson, badKey, noDatabase, noKey, noModel, OdooError, onlyPost, wrongType } from './errors.ts'
import { FIELDS } from './fields.ts'
import { type Body, callMethod, type User } from './methods.ts'
import { asAnswer, type OdooStore } from './store.ts'

export interface StandInOptions {
  readonly store: OdooStore
  readonly database: string
  /** Who each key is. */
  readonly keys: ReadonlyMap<string, User>
  readonly port?: number
  /** Asked before each call: throw what Odoo is to answer, destroy the socket, wait. */
  readonly weather?: (path: string, request: IncomingMessage) => Promise<void> | undefined
}
export interface StandIn {
  readonly url: string
  /** Calls that were answered, by model/method. */
  readonly calls: ReadonlyMap<string, number>
  close(): Promise<void>
}

export async function standIn(options: StandInOptions): Promise<StandIn> {
  const calls = new Map<string, number>()
  const server = createServer((request, response) => {
    void answer(options, calls, request).then(({ status, body, html, headers = {} }) => {
      const text = html ? String(body) : JSON.stringify(body)
      response.writeHead(status, {
        'Content-Type': html ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
        'Content-Length': Buffer.byteLength(text),
        Connection: 'close',
        ...headers,
      })
      response.end(text)
    })
  })
  await new Promise<void>(resolve => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, calls, close: () => closed(server) }
}

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly html?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

async function answer(
  { store, database, keys, weather }: StandInOptions,
  calls: Map<string, number>,
  request: IncomingMessage,
): Promise<Answer> {
  try {
    const { method: verb, url = '' } = request
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const path = url.split('?', 1)[0] ?? ''
    if (path === '/json/version')
      return { status: 200, body: { version_info: [19, 0, 0, 'final', 0, ''], version: '19.0' } }
    const [, model = '', method = ''] = /^\/json\/2\/([^/]+)\/([^/]+)$/.exec(path) ?? []
    if (model === '') throw noDatabase()
    const named = request.headers['x-odoo-database']
    if (named !== undefined && named !== database) throw noDatabase()
    if (verb !== 'POST') throw onlyPost()
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) throw wrongType()
    await weather?.(`${model}/${method}`, request)
    const user = userOf(request, keys)
    const body = bodyOf(Buffer.concat(chunks).toString())
    if (!(model in FIELDS)) throw noModel(model)
    const result = callMethod(store, user, model, method, body)
    calls.set(`${model}/${method}`, (calls.get(`${model}/${method}`) ?? 0) + 1)
    return { status: 200, body: result, headers: { 'X-Content-Type-Options': 'nosniff' } }
  } catch (thrown) {
    const error = asAnswer(thrown)
    if (error instanceof OdooError) return error
    return new OdooError(500, 'builtins.Exception', error instanceof Error ? error.message : String(error))
  }
}

function userOf({ headers }: IncomingMessage, keys: ReadonlyMap<string, User>): User {
  const [, key] = /^bearer (\S+)$/i.exec(headers.authorization ?? '') ?? []
  if (key === undefined) throw noKey()
  const user = keys.get(key)
  if (!user) throw badKey()
  return user
}

function bodyOf(text: string): Body {
  if (text === '') return {}
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Body) : {}
  } catch {
    throw badJson(`Expecting value: line 1 column ${text.length + 1} (char ${text.length})`)
  }
}

const closed = (server: Server): Promise<void> =>
  new Promise(resolve => {
    server.closeAllConnections()
    server.close(() => resolve())
  })
