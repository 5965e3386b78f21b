/** The command line, run as users run it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import type { SendReport } from '../../../tools/feeder/send.ts'
import type { Truth } from '../../../tools/feeder/world.ts'

const feed = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise(resolve => {
    const env = { ...process.env, MILEPOST_TOKEN: '' }
    const file = join(import.meta.dirname, '../../../tools/feed.ts')
    execFile(process.execPath, [file, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })

test('--help says what there is', async () => {
  const { code, stdout } = await feed('--help')
  assert.equal(code, 0)
  for (const option of ['--url', '--token', '--seed', '--truth', '--mode load']) assert.ok(stdout.includes(option))
})

test('what makes no sense is said in one line, with exit code 1', async () => {
  const wrong: [RegExp, string[]][] = [
    [/--mode must be/, ['--mode', 'x']],
    [/no such share/, ['--share', 'x=1', '--dry-run']],
    [/--share late must be 0–1/, ['--share', 'late=2', '--dry-run']],
    [/--vehicles must be a number/, ['--vehicles', 'many', '--dry-run']],
    [/--order must be/, ['--order', 'x', '--vehicles', '2']],
    [/--secret is missing/, ['--vehicles', '2', '--token', 'x']],
    [/--token is missing/, ['--vehicles', '2', '--secret', 'a=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']],
    [/a secret is whsec_/, ['--vehicles', '2', '--token', 'x', '--secret', 'a=MfKQ9r8G']],
    [/Unknown option/, ['--nonsense']],
  ]
  for (const [message, args] of wrong) {
    const { code, stderr } = await feed(...args)
    assert.equal(code, 1, args.join(' '))
    assert.match(stderr, message)
    assert.equal(stderr.trim().split('\n').length, 1)
  }
})

test('a calm world is calm, and its shares can be asked for', async () => {
  const small = ['--vehicles', '3', '--shipments', '1', '--dry-run']
  const { stdout } = await feed(...small, '--calm', '--share', 'carrier=0')
  const totals = JSON.parse(stdout) as Truth['totals']
  assert.equal(totals.positions, totals.positionsSent)
  assert.equal(totals.carrierEvents, 0)
})

/** A server that takes everything, unless told otherwise, and how to reach it. */
async function receiving(test: TestContext, answer = (response: ServerResponse) => response.end(TAKEN)) {
  const requests: { readonly path: string; readonly body: string }[] = []
  const server = createServer((request, response) => {
    void text(request).then(body => {
      requests.push({ path: `${request.method} ${request.url}`, body })
      answer(response)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  test.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const secret = 'dora=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  return { requests, there: ['--url', url, '--token', 'x', '--secret', secret, '--json'] }
}
const TAKEN = '{"accepted":1,"refused":[]}'
const SMALL = ['--seed', '3', '--vehicles', '3', '--shipments', '1']

test('a world is sent to the address and its truth written to the file', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'feed-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const { requests, there } = await receiving(t)
  const file = join(dir, 'truth.json')
  const world = [...SMALL, '--truth', file]
  const { code, stdout, stderr } = await feed(...world, ...there)
  assert.equal(code, 0, stderr)
  const report = JSON.parse(stdout) as SendReport
  const truth = JSON.parse(readFileSync(file, 'utf8')) as Truth
  assert.equal(report.positions, truth.totals.positionsSent)
  assert.equal(report.plans, truth.totals.plansSent)
  assert.equal(report.carrierEvents, truth.totals.carrierEventsSent)
  const partners = requests.map(({ path }) => path).filter(path => path.includes('partners'))
  assert.deepEqual([...new Set(partners)], ['POST /v1/partners/dora/events'])
  const endedMs = Date.now() - Date.parse(truth.finalTick)
  assert.ok(endedMs >= 0 && endedMs < 2 * 3_600_000, 'it ends now')
  assert.ok(!requests.some(({ body }) => body.includes('receivedAt')))

  const again = await feed(...world, ...there, '--order', 'in-order', '--received-at')
  const { positions, plans, carrierEvents } = JSON.parse(again.stdout) as SendReport
  const { totals } = truth
  assert.deepEqual([positions, plans, carrierEvents], [totals.positions, totals.plans, totals.carrierEventVersions])
  assert.ok(requests.some(({ body }) => body.includes('receivedAt')))
})

test('shuffled, the same plans are sent in another order', async t => {
  const { requests, there } = await receiving(t)
  const plansSent = async (...order: readonly string[]) => {
    const { code, stderr } = await feed(...SMALL, ...there, '--start', '2026-03-01T00:00:00Z', ...order)
    assert.equal(code, 0, stderr)
    const sent = requests.splice(0).filter(({ path }) => path.startsWith('PUT'))
    return sent.map(({ path, body }) => path + body)
  }
  const [told, shuffled] = [await plansSent(), await plansSent('--order', 'shuffled')]
  assert.notDeepEqual(shuffled, told)
  assert.deepEqual(shuffled.toSorted(), told.toSorted())
})

test('patience is told in seconds', async t => {
  let refusals = 0
  const comeAgain = (response: ServerResponse) => {
    if (refusals-- <= 0) return response.end(TAKEN)
    return response.writeHead(503, { 'retry-after': '2' }).end()
  }
  const { there } = await receiving(t, comeAgain)
  const load = (giveUp: string) => feed(...there, '--mode', 'load', '--positions', '10', '--give-up', giveUp)
  refusals = 1
  const { code, stderr } = await load('1')
  assert.equal(code, 1)
  assert.match(stderr, /given up after 1 attempts: 503/)
  refusals = 1
  const { stdout } = await load('600')
  assert.equal((JSON.parse(stdout) as SendReport).retries, 1)
})
