/** The HTTP side: ClickHouse's interface on one port. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { compressionOf, limited, readHead, type Spooled, unpacked } from './body.ts'
import type { Engine } from './engine.ts'
import { ClickHouseException, fromEngine, refusal } from './errors.ts'
import { runQuery, spoolData, type Limits, type Query } from './query.ts'
import { readRequest, type Asked } from './request.ts'
import { sendException } from './response.ts'
import { namedSessions } from './sessions.ts'
import { slots } from './slots.ts'
import { parseStatement } from './statement.ts'
import { authenticate, type Passwords } from './users.ts'

export interface ServerOptions extends Limits {
  readonly passwords: Passwords
  readonly database: string
  readonly spool: string
  /** Queries at once; readers have half of them, so that they never keep an insert waiting for good. */
  readonly sessions: number
  /** Bytes of an INSERT's data. */
  readonly maxBodyBytes: number
  /** Bytes of a statement. */
  readonly maxStatementBytes: number
}

type Log = (level: 'debug' | 'info' | 'warn', message: string, fields?: Readonly<Record<string, unknown>>) => void

export function gatewayServer(engine: Engine, options: ServerOptions, log: Log): Server {
  const writers = slots(options.sessions, 200, 60_000)
  const readers = slots(Math.max(1, options.sessions >> 1), 50, 60_000)
  const named = namedSessions(engine, 20)
  const running = new Set<string>()

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (url.pathname === '/ping' || url.pathname === '/replicas_status') return void response.end('Ok.\n')
    let queryId: string | undefined
    try {
      if (url.pathname !== '/') throw new ClickHouseException(0, `There is no handle ${url.pathname}`, 404)
      if (!['GET', 'HEAD', 'POST'].includes(request.method ?? ''))
        throw refusal('NOT_IMPLEMENTED', `${request.method} requests`)
      const user = authenticate(request, url.searchParams, options.passwords)
      await readForm(request, url.searchParams, options.maxStatementBytes)
      const asked = readRequest(request, url.searchParams, user)
      queryId = asked.queryId
      await answer(request, response, asked, url.searchParams)
    } catch (error) {
      const exception = fromEngine(error)
      if (exception.code !== 0) log('debug', exception.message.slice(0, 500), { queryId })
      // What was not read of the body would be taken for the next request.
      if (!request.complete) response.setHeader('Connection', 'close')
      sendException(response, exception, { version: engine.version, queryId })
      if (!request.complete) request.resume()
    }
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    asked: Asked,
    url: URLSearchParams,
  ): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const query = await readQuery(request, asked, url, options)
    const data = await spoolData(query, options.spool)
    const places = asked.user.readOnly ? [readers, writers] : [writers]
    const taken: typeof places = []
    try {
      for (const place of places) {
        await place.take(gone.signal)
        taken.push(place)
      }
      if (running.has(asked.queryId))
        throw refusal('QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING', `Query with id = ${asked.queryId} is already running`)
      running.add(asked.queryId)
      try {
        await inSession(request, response, query, data, gone.signal)
      } finally {
        running.delete(asked.queryId)
      }
    } finally {
      for (const place of taken) place.free()
      await data?.remove().catch(() => undefined)
    }
  }

  async function inSession(
    request: IncomingMessage,
    response: ServerResponse,
    query: Query,
    data: Spooled | undefined,
    gone: AbortSignal,
  ): Promise<void> {
    const { asked } = query
    const own = asked.session
    const { session, continued } =
      own === undefined ? { session: engine.session(), continued: false } : await named.enter(own.id, own.mustExist)
    const stopKilling = killWhenGone(gone, asked.queryId)
    try {
      const place = { engine, session, continued, limits: options, database: options.database }
      await runQuery(place, query, data, { request, response })
      if (own !== undefined) await forget(session, asked)
    } finally {
      stopKilling()
      if (own === undefined) session.close()
      else named.leave(own.id, own.timeoutSeconds, own.closes)
    }
  }

  /** The engine goes on with a query whose client has left: again and again, for it may be between two statements. */
  function killWhenGone(signal: AbortSignal, queryId: string): () => void {
    let timer: NodeJS.Timeout | undefined
    const kill = () => {
      engine
        .kill(queryId)
        .catch((error: unknown) => log('warn', 'KILL QUERY failed', { queryId, error: String(error) }))
      timer = setTimeout(kill, 100)
    }
    signal.addEventListener('abort', kill)
    if (signal.aborted) kill()
    return () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', kill)
    }
  }

  const server = createServer(
    { maxHeaderSize: 1 << 20, requestTimeout: 0, keepAliveTimeout: 30_000 },
    (request, response) => {
      handle(request, response).catch((error: unknown) => {
        log('warn', 'request failed', { error: String(error) })
        response.destroy()
      })
    },
  )
  server.on('close', () => named.closeAll())
  return server
}

/** Settings that came by URL are of one request, though the session stays. */
async function forget(session: ReturnType<Engine['session']>, asked: Asked): Promise<void> {
  const names = [...asked.settings.keys(), 'log_comment', 'max_memory_usage']
  await session.run(`SET ${names.map(name => `${name} = DEFAULT`).join(', ')}`, 'Null')
}

/** Parameters beyond what fits into a URL come as the fields of a form. */
async function readForm(request: IncomingMessage, url: URLSearchParams, limit: number): Promise<void> {
  const type = request.headers['content-type'] ?? ''
  if (!/^multipart\/form-data/i.test(type)) return
  const chunks: Buffer[] = []
  for await (const chunk of unpacked(request, limit * 16)) chunks.push(chunk)
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- meant for bodies without bound: this one is bounded
  const reading = new Response(Buffer.concat(chunks), { headers: { 'Content-Type': type } }).formData()
  const form = await reading.catch(() => {
    throw refusal('BAD_ARGUMENTS', 'The multipart body cannot be read')
  })
  for (const [name, value] of form) {
    if (typeof value !== 'string') throw refusal('NOT_IMPLEMENTED', 'External tables (files of a multipart body)')
    if (name !== 'query' && !name.startsWith('param_'))
      throw refusal('NOT_IMPLEMENTED', `External tables (field ${name})`)
    url.append(name, value)
  }
}

/** The statement is what the URL has, then the body: of an INSERT everything after its head is data. */
async function readQuery(
  request: IncomingMessage,
  asked: Asked,
  url: URLSearchParams,
  options: ServerOptions,
): Promise<Query> {
  const inUrl = url.getAll('query').join('')
  const isForm = /^multipart\/form-data/i.test(request.headers['content-type'] ?? '')
  const hasBody = !isForm && request.method === 'POST'
  const tooLong = refusal('QUERY_IS_TOO_LARGE', `The statement is larger than ${options.maxStatementBytes} bytes`)
  const prefix = Buffer.from(inUrl)
  if (prefix.length > options.maxStatementBytes) throw tooLong
  if (!hasBody) return { asked, statement: parseStatement(prefix, true), rest: undefined, packed: false }
  if (compressionOf(request) !== undefined && inUrl !== '') {
    const statement = parseStatement(Buffer.from(`${inUrl}\n`), true)
    if (statement.insert !== undefined && !/^\s*insert[^]*\binput\s*\(/i.test(inUrl)) {
      const rest = limited(request, options.maxBodyBytes)[Symbol.asyncIterator]()
      return { asked, statement, rest, packed: true }
    }
  }
  const body = unpacked(request, options.maxBodyBytes)
  const start = inUrl === '' || inUrl.endsWith('\n') ? prefix : Buffer.from(`${inUrl}\n`)
  const head = await readHead(start, body, options.maxStatementBytes + 1)
  const { complete, rest } = head
  const bytes = head.bytes.length > start.length ? head.bytes : prefix
  const statement = parseStatement(complete ? bytes : bytes.subarray(0, options.maxStatementBytes), complete)
  if (statement.insert === undefined) {
    if (bytes.length > options.maxStatementBytes) throw tooLong
    return { asked, statement, rest: undefined, packed: false }
  }
  if (complete) return { asked, statement, rest: undefined, packed: false }
  // Data was cut off with the head: what lies between is the first of the rest.
  const cut = bytes.subarray(options.maxStatementBytes)
  return { asked, statement, rest: after(cut, rest), packed: false }
}

async function* after(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield first
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}
