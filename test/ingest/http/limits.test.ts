import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { frontDoor } from '../support/front-door.ts'
import { fix } from '../support/said.ts'

type Door = Awaited<ReturnType<typeof frontDoor>>

/** Write this to the server and give back all it says until it hangs up. */
const talk = (door: Door, ...texts: string[]) =>
  new Promise<string>((resolve, reject) => {
    const socket = connect(Number(new URL(door.origin).port), '127.0.0.1')
    let heard = ''
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => (heard += text))
    socket.on('close', () => resolve(heard))
    socket.on('error', reject)
    for (const text of texts) socket.write(text)
  })
const head = (door: Door, ...more: string[]) =>
  [
    'POST /v1/positions HTTP/1.1',
    'host: x',
    `authorization: Bearer ${door.tokens.ingest}`,
    'content-type: application/json',
    ...more,
  ].join('\r\n')
const problemIn = (heard: string) => {
  assert.match(heard, /content-type: application\/problem\+json/i)
  return JSON.parse(heard.slice(heard.indexOf('\r\n\r\n') + 4)) as {
    status: number
    type: string
    title: string
    detail: string
  }
}

describe('limits', () => {
  test('a body that trickles in, or never comes, is given up with 408', async context => {
    const door = await frontDoor(context, { timeouts: { headMs: 50, requestMs: 100, checkMs: 10 } })
    assert.equal(problemIn(await talk(door, `${head(door, 'content-length: 100')}\r\n\r\n[`)).status, 408)
    assert.equal(problemIn(await talk(door, head(door))).status, 408)
    assert.deepEqual(door.log.appends, [])
  })

  test('a body over the limit is 413, by its length, by its bytes, and by what it is decompressed', async context => {
    const door = await frontDoor(context, { bodyLimitBytes: 1_000 })
    const large = JSON.stringify([fix({ attributes: { x: 'y'.repeat(2_000) } })])
    assert.equal((await door.send(large)).status, 413)
    const chunked = new ReadableStream({
      start(controller) {
        for (let i = 0; i < large.length; i += 100) controller.enqueue(Buffer.from(large.slice(i, i + 100)))
        controller.close()
      },
    })
    const headers = { 'content-type': 'application/json', ...door.bearer(door.tokens.ingest) }
    assert.equal((await door.call('POST', '/v1/positions', chunked, headers)).status, 413)
    const bomb = new Uint8Array(gzipSync(`[${' '.repeat(100_000)}]`))
    assert.ok(bomb.length < 1_000)
    const unzip = (coding: string, body: Uint8Array<ArrayBuffer>) =>
      door.call('POST', '/v1/positions', body, { ...headers, 'content-encoding': coding })
    assert.equal((await unzip('gzip', bomb)).status, 413)
    assert.equal((await unzip('gzip', new Uint8Array(gzipSync('[]')).slice(0, 15))).status, 400)
    assert.equal((await unzip('gzip', new Uint8Array(Buffer.from('[]')))).status, 400)
    assert.equal((await unzip('zstd', bomb)).status, 415)
    assert.deepEqual(door.log.appends, [])
  })

  test('bytes under way are bounded: who comes then is told to come again, and room is made when a request ends', async context => {
    const body = JSON.stringify([fix()])
    const door = await frontDoor(context, { maxBytesUnderWay: 2 * body.length })
    const gate = Promise.withResolvers<undefined>()
    door.log.durable = gate.promise
    const first = door.send(body)
    const second = door.send(body)
    while (door.log.waiting < 2) await new Promise(resolve => setTimeout(resolve, 1))
    const refused = await door.send(body)
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1'])
    gate.resolve(undefined)
    for (const answer of [await first, await second]) assert.ok(answer.status === 200)
    assert.equal((await door.send(body)).status, 200)
  })

  test('a caller who hangs up holds no room once what it sent is done with', async context => {
    const door = await frontDoor(context, { maxBytesUnderWay: 300 })
    for (let i = 0; i < 5; i++) {
      await new Promise<void>((resolve, reject) => {
        const socket = connect(Number(new URL(door.origin).port), '127.0.0.1', () => {
          socket.write(`${head(door, 'content-length: 250')}\r\n\r\n[`, () => socket.destroy())
        })
        socket.on('close', () => resolve())
        socket.on('error', reject)
      })
    }
    // Who hung up is noticed a moment later: until then there is no room for this, and for ever if it were not.
    const body = JSON.stringify([fix({ attributes: { x: 'y'.repeat(100) } })])
    for (let tries = 0; (await door.send(body)).status !== 200; tries++) {
      assert.ok(tries < 1_000, 'the room is never made')
    }
  })

  test(
    'a caller who hangs up too early holds its room until what it sent is done with',
    { timeout: 20_000 },
    async context => {
      const body = JSON.stringify([fix()])
      const door = await frontDoor(context, { maxBytesUnderWay: body.length })
      const gate = Promise.withResolvers<undefined>()
      door.log.durable = gate.promise
      const socket = connect(Number(new URL(door.origin).port), '127.0.0.1')
      socket.write(`${head(door, `content-length: ${body.length}`)}\r\n\r\n${body}`)
      while (door.log.waiting < 1) await new Promise(resolve => setTimeout(resolve, 1))
      socket.destroy()
      // Whoever hangs up is noticed a moment later.
      await new Promise(resolve => setTimeout(resolve, 50))
      assert.equal((await door.send(body)).status, 503)
      gate.resolve(undefined)
      for (let tries = 0; (await door.send(body)).status !== 200; tries++)
        assert.ok(tries < 1_000, 'the room is never made')
    },
  )

  test('a body that is compressed counts as the largest that it may become', { timeout: 20_000 }, async context => {
    const door = await frontDoor(context, { maxBytesUnderWay: 20_000, bodyLimitBytes: 10_000 })
    const gate = Promise.withResolvers<undefined>()
    door.log.durable = gate.promise
    const zipped = () =>
      door.call('POST', '/v1/positions', new Uint8Array(gzipSync(JSON.stringify([fix()]))), {
        ...{ 'content-type': 'application/json', 'content-encoding': 'gzip' },
        ...door.bearer(door.tokens.ingest),
      })
    const first = [zipped(), zipped()]
    while (door.log.waiting < 2) await new Promise(resolve => setTimeout(resolve, 1))
    assert.equal((await zipped()).status, 503)
    gate.resolve(undefined)
    for (const answer of await Promise.all(first)) assert.equal(answer.status, 200)
  })

  test('while there is no room in the log nobody is let in, and the reason is said', async context => {
    let reason: string | undefined = 'the disk is 86 % full'
    const door = await frontDoor(context, { guard: () => reason })
    for (const answer of [await door.send([fix()]), await door.put('s', {}), await door.events({ events: [] })]) {
      assert.equal(answer.status, 503)
      assert.ok(answer.headers.get('retry-after'))
      assert.equal((answer.json as { detail: string }).detail, reason)
    }
    assert.deepEqual(door.log.appends, [])
    reason = undefined
    assert.equal((await door.send([fix()])).status, 200)
  })

  test('more headers than a hundred are refused, not dropped', async context => {
    const door = await frontDoor(context)
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x-${i}`, '1']))
    assert.equal((await door.send([fix()], many)).status, 431)
    assert.equal(problemIn(await talk(door, head(door, `x: ${'y'.repeat(20_000)}`, '', ''))).status, 431)
  })

  test('headers are counted as they come, also more than Node keeps and all of one name', async context => {
    const door = await frontDoor(context)
    const many = Array.from({ length: 2_100 }, () => 'a:')
    assert.equal(problemIn(await talk(door, head(door, 'connection: close', ...many, '', ''))).status, 431)
  })

  test('everything else that is wrong is a problem document too', async context => {
    const door = await frontDoor(context)
    const headers = door.bearer(door.tokens.ingest)
    for (const [method, path, more, status] of [
      ['GET', '/v1/positions', {}, 404],
      ['POST', '/v1/nothing', { 'content-type': 'application/json' }, 404],
      ['PUT', '/v1/shipments/%zz', { 'content-type': 'application/json' }, 400],
      ['POST', '/v1/positions', { 'content-type': 'text/csv' }, 415],
      ['POST', '/v1/positions', { 'content-type': '/' }, 415],
    ] as const) {
      const answer = await door.call(method, path, method === 'GET' ? undefined : '[]', { ...headers, ...more })
      const problem = answer.json as { status: number; type: string; title: string; detail: string }
      assert.deepEqual([answer.status, problem.status], [status, status], `${method} ${path}`)
      assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
      assert.ok(problem.type && problem.title && problem.detail)
    }
    assert.equal(problemIn(await talk(door, 'hello\r\n\r\n')).status, 400)
    assert.deepEqual(door.counts.observed.slice(0, 2), ['GET none 404', 'POST none 404'])
    assert.ok(!door.logged.some(line => line.includes('request')), 'requests are not logged one by one')
  })
})
