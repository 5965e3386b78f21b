/**
 * The health checks of our own services, as docker-compose.yml and Dockerfile have them, against a running Milepost.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../../tools/ports.ts'
import { installation, until } from '../support/installation.ts'
import { ROOT, service } from './compose.ts'

const checks = Object.fromEntries(
  ['ingest', 'processors', 'sinks'].map(name => [name, service(name).healthcheck?.test?.slice(1) ?? []]),
)
const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
checks['image'] = JSON.parse(/^HEALTHCHECK .*CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[]

/** Runs one; where it goes to ingest or to itself, it goes to the port. */
async function healthy(name: string, port: number): Promise<{ code: number; said: string; ms: number }> {
  const [node = '', file = '', ...args] = checks[name] ?? []
  assert.deepEqual([node, file], ['node', '/milepost/deploy/health.js'])
  const there = args.map(arg => arg.replace('ingest:8080', `127.0.0.1:${port}`))
  const began = performance.now()
  const child = spawn(process.execPath, [join(ROOT, 'deploy/health.js'), ...there], {
    env: { ...process.env, MILEPOST_HTTP_PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code] = (await once(child, 'close')) as [number]
  return { code, said, ms: performance.now() - began }
}

test('all are healthy where everything runs, and each hop that nobody runs is named', { timeout: 120_000 }, async t => {
  const { up, launch, at } = await installation(t)
  await up('ingest')
  for (const name of ['ingest', 'image']) assert.equal((await healthy(name, at.httpPort)).code, 0, name)
  const idle = await healthy('processors', at.httpPort)
  assert.equal(idle.code, 1)
  assert.match(idle.said, /^raise-cases is stopped$/m)
  assert.ok(!idle.said.includes('/'), 'what sinks do not do is not the processors’ fault')

  const processors = launch('processors')
  await until('processors are healthy', async () => (await healthy('processors', at.httpPort)).code === 0)
  const unwritten = await healthy('sinks', at.httpPort)
  assert.equal(unwritten.code, 1)
  assert.match(unwritten.said, /^clickhouse\/cases is stopped$/m)
  assert.doesNotMatch(unwritten.said, /raise-cases/)

  launch('sinks')
  await until('sinks are healthy', async () => (await healthy('sinks', at.httpPort)).code === 0)
  await processors.stop()
  await until('processors are not', async () => (await healthy('processors', at.httpPort)).code === 1)
  assert.equal((await healthy('sinks', at.httpPort)).code, 0)
})

test('where nobody answers, ingest is unhealthy, and nothing is known against the others', async () => {
  const port = await freePort()
  for (const name of ['ingest', 'image']) {
    const { code, said } = await healthy(name, port)
    assert.equal(code, 1, name)
    assert.match(said, /ECONNREFUSED/)
  }
  for (const name of ['processors', 'sinks']) assert.equal((await healthy(name, port)).code, 0, name)
})

test('a check gives its answer before Docker stops waiting for it', async t => {
  const { createServer } = await import('node:net')
  const silent = createServer().listen(0, '127.0.0.1')
  t.after(() => silent.close())
  await once(silent, 'listening')
  const { port } = silent.address() as { port: number }
  const { code, ms } = await healthy('ingest', port)
  assert.equal(code, 1)
  assert.ok(ms < 5_000, `${Math.round(ms)} ms`)
})
