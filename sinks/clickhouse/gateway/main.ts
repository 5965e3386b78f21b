/**
 * Embedded ClickHouse, as a process of its own: heavy queries delay the event loop, and one that fails badly takes its
 * process with it. Started by spawn.ts; by hand: `UV_THREADPOOL_SIZE=12 node sinks/clickhouse/gateway/main.ts '{"data": "…", "password": "…"}'`.
 * Says `{"ready":true,"port":8123}` on stdout once it serves. Ends with code 0 on SIGTERM, SIGINT, or when the one who
 * started it is gone; with 1 and one line on stderr where it can't serve.
 * A second line on stdout never comes; logs are JSON lines on stderr.
 */
import { existsSync, writeSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { configured, threadsFor } from './config.ts'
import { prepareDirectory } from './directory.ts'
import { openEngine } from './engine.ts'
import { gatewayServer } from './server.ts'

const levels = ['debug', 'info', 'warn', 'silent'] as const

/**
 * The end once the engine was loaded. At an exit its destructors wait for its own threads, now and then for ever, and
 * with it the lock on the directory: nobody could open that again. So the process becomes another program, which ends
 * with the code at once; no destructor runs. What was acknowledged is on disk.
 */
const vanish = (code: 0 | 1) => {
  const name = code === 0 ? 'true' : 'false'
  const program = [`/bin/${name}`, `/usr/bin/${name}`].find(path => existsSync(path))
  if (program !== undefined) process.execve?.(program, [name], {})
  process.kill(process.pid, 'SIGKILL')
}
let loaded = false

async function main(): Promise<void> {
  const config = configured(process.argv[2] ?? process.env['MILEPOST_CLICKHOUSE_GATEWAY'])
  delete process.env['MILEPOST_CLICKHOUSE_GATEWAY']
  const log = (level: 'debug' | 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>> = {}) => {
    if (levels.indexOf(level) < levels.indexOf(config.logLevel)) return
    writeSync(
      2,
      `${JSON.stringify({ level, time: new Date().toISOString(), name: 'clickhouse-gateway', message, ...fields })}\n`,
    )
  }
  // libuv reads it once, before the first use: too late to set it here.
  if (Number(process.env['UV_THREADPOOL_SIZE'] ?? 4) < threadsFor(config.sessions))
    throw new Error(
      `UV_THREADPOOL_SIZE must be at least ${threadsFor(config.sessions)}: each running query holds a thread`,
    )
  const directory = prepareDirectory(config.data, config.memoryBytes)
  loaded = true
  const engine = await openEngine(directory, config.database)
  const options = {
    ...config,
    spool: directory.spool,
    passwords: { milepost: config.password, analyst: config.analystPassword },
  }
  const server = gatewayServer(engine, options, log)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new Error(`port ${config.port} of ${config.bind} is in use`) : error)
    })
    server.listen(config.port, config.bind, resolve)
  })
  const { port } = server.address() as AddressInfo
  let ending = false
  const end = (why: string) => {
    if (ending) return
    ending = true
    log('info', 'ending', { why })
    // Answers that are under way get a moment.
    server.close(() => vanish(0))
    setInterval(() => server.closeIdleConnections(), 20).unref()
    setTimeout(() => server.closeAllConnections(), 2000).unref()
    setTimeout(() => vanish(0), 3000).unref()
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(signal))
  if (config.endWithStdin)
    process.stdin
      .on('end', () => end('the parent is gone'))
      .on('error', () => end('the parent is gone'))
      .resume()
  process.stdout.on('error', () => end('the parent is gone'))
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`)
  log('info', 'ready', { port, bind: config.bind, engine: engine.version })
}

main().catch((error: unknown) => {
  const text = error instanceof Error ? error.message : String(error)
  writeSync(2, `clickhouse gateway: ${text.replaceAll('\n', ' ')}\n`)
  if (loaded) vanish(1)
  else process.exit(1)
})
