/** What our own client makes of tokens, of rows that cannot be read, and of failures. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, suite, test, type TestContext } from 'node:test'
import { ClickHouseError } from '@clickhouse/client'
import { connect } from '../../../sinks/clickhouse/client.ts'
import { BadRow, type Rows } from '../../../sinks/clickhouse/rows.ts'
import { Unavailable } from '../../../streams/sink.ts'
import { NUMBERED, password, running } from './support.ts'

const gateway = await running()

/** Something else that speaks HTTP, gone after the test however that ends. */
async function standIn(test: TestContext, answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  const close = () => {
    server.closeAllConnections()
    return server.listening ? new Promise(resolve => server.close(resolve)) : undefined
  }
  test.after(close)
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

suite('our client', () => {
  const ours = connect({ url: gateway.url, user: 'milepost', password })
  after(() => ours.close())
  /** Rows of (id, name) in RowBinary. */
  const rowsOf = (rows: readonly Buffer[]): Rows => ({
    columns: ['id', 'name'],
    count: rows.length,
    bytes: Buffer.concat(rows),
    slice: (from, until) => rowsOf(rows.slice(from, until)),
  })
  const binary = (id: number, name: string) => {
    const head = Buffer.alloc(8)
    head.writeUInt32LE(id)
    return Buffer.concat([head, Buffer.from([name.length]), Buffer.from(name)])
  }

  test('inserts once per token, queries with parameters', async () => {
    await ours.command(NUMBERED)
    for (const token of ['t1', 't1', 't2'])
      await ours.insert('numbered', rowsOf([binary(1, 'x'), binary(2, 'y\n\n;')]), { token })
    assert.equal(await gateway.read('SELECT count() FROM numbered'), '4')
    assert.deepEqual(await ours.query('SELECT name FROM numbered WHERE id = {id:UInt64} LIMIT 1', { id: 2 }), [
      { name: 'y\n\n;' },
    ])
    await ours.insert('numbered', rowsOf([]), { token: 'nothing' })
    await ours.ping()
  })
  test('finds the row that cannot be read, and writes none', async () => {
    await ours.command('CREATE OR REPLACE TABLE small (id UInt64, name String) ENGINE = MergeTree ORDER BY id')
    // A string that says it is 32 GiB long.
    const small = (good: boolean) => (good ? binary(1, 'good') : Buffer.from('0000000000000000ffffffff7f', 'hex'))
    for (const bad of [0, 1, 6, 12]) {
      const rows = Array.from({ length: 13 }, (_, index) => small(index !== bad))
      await assert.rejects(ours.insert('small', rowsOf(rows), { token: `bad-${bad}` }), (error: unknown) => {
        assert.ok(error instanceof BadRow, String(error))
        assert.equal(error.index, bad)
        return true
      })
    }
    assert.deepEqual(await ours.query('SELECT count() AS c FROM small'), [{ c: '0' }])
    await ours.insert('small', rowsOf([small(true)]), { token: 'good' })
  })
  test('what may pass is Unavailable: nothing is given up for it', async t => {
    const client = (connection: Parameters<typeof connect>[0]) => {
      const made = connect(connection)
      t.after(() => made.close())
      return made
    }
    const unavailable = (promise: Promise<unknown>, reason: RegExp) =>
      assert.rejects(promise, (error: unknown) => {
        assert.ok(error instanceof Unavailable, String(error))
        assert.match(error.message, reason)
        assert.ok(error.retryAfter > 0)
        return true
      })
    await unavailable(ours.insert('nothing', rowsOf([binary(1, 'x')]), { token: 'a' }), /nothing/)
    const wrong = client({ url: gateway.url, user: 'milepost', password: 'wrong' })
    await unavailable(wrong.insert('numbered', rowsOf([binary(1, 'x')]), { token: 'a' }), /Authentication failed/)
    const answers: [number, string][] = [
      [503, 'busy'],
      [500, 'Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)'],
      [502, '<html>Bad gateway</html>'],
      [500, 'Code: 241. DB::Exception: memory (MEMORY_LIMIT_EXCEEDED)'],
    ]
    for (const [status, text] of answers) {
      const { url, close } = await standIn(t, (request, response) => {
        request.resume().on('end', () => response.writeHead(status).end(text))
      })
      const proxied = client({ url, user: 'milepost', password })
      await unavailable(proxied.insert('numbered', rowsOf([binary(1, 'x')]), { token: 'a' }), /ClickHouse: /)
      await unavailable(proxied.query('SELECT 1'), /ClickHouse: /)
      await unavailable(proxied.ping(), /ClickHouse: /)
      await close()
      const gone = client({ url, user: 'milepost', password })
      await unavailable(gone.ping(), /ECONNREFUSED/)
      await unavailable(gone.insert('numbered', rowsOf([binary(1, 'x')]), { token: 'a' }), /ECONNREFUSED/)
    }
    const { url } = await standIn(t, () => undefined)
    const waiting = client({ url, user: 'milepost', password, timeoutMs: 200 })
    await unavailable(waiting.query('SELECT 1'), /[Tt]imeout/)
  })
  test('a ClickHouse that goes away while it is asked for the bad row loses none', async t => {
    const answers = ['Code: 27. DB::Exception: bad. (CANNOT_PARSE_INPUT_ASSERTION_FAILED)', 'gone', 'gone']
    const { url } = await standIn(t, (request, response) => {
      request.resume().on('end', () => response.writeHead(500).end(answers.shift()))
    })
    const leaving = connect({ url, user: 'milepost', password })
    t.after(() => leaving.close())
    await assert.rejects(leaving.insert('numbered', rowsOf([binary(1, 'x')]), { token: 'a' }), Unavailable)
  })
  test('a statement that is wrong is wrong', async () => {
    await assert.rejects(
      ours.query('SELECT * FROM nothing'),
      (error: unknown) => error instanceof ClickHouseError && error.code === '60',
    )
  })
})
