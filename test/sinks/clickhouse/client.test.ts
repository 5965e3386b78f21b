/** @clickhouse/client against the gateway as against a server, and what our own client makes of failures. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { after, suite, test } from 'node:test'
import { ClickHouseError, createClient, type ClickHouseClientConfigOptions } from '@clickhouse/client'
import { BadRow, connect } from '../../../sinks/clickhouse/client.ts'
import { type Rows, rowEncoder } from '../../../sinks/clickhouse/rows.ts'
import { currentSchema } from '../../../schemas/registry.ts'
import { Unavailable } from '../../../streams/sink.ts'
import { password, running } from './support.ts'

const gateway = await running()
const clientOf = (more: ClickHouseClientConfigOptions = {}) => {
  const client = createClient({ url: gateway.url, username: 'milepost', password, ...more })
  after(() => client.close())
  return client
}
const client = clientOf()
const named =
  'CREATE OR REPLACE TABLE numbered (id UInt64, name String, at DateTime64(3), tags Array(String)) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100'
const counted = async () =>
  Number(
    (
      await (
        await client.query({ query: 'SELECT count() AS c FROM numbered', format: 'JSONEachRow' })
      ).json<{ c: string }>()
    )[0]?.c,
  )
const row = (id: number) => ({
  id,
  name: `n\n\n${id};\nDROP TABLE numbered`,
  at: '2026-01-02 03:04:05.678',
  tags: ['a', "b'"],
})

suite('@clickhouse/client', () => {
  test('ping, command, insert, query', async () => {
    assert.equal((await client.ping()).success, true)
    assert.equal((await client.ping({ select: true })).success, true)
    await client.command({ query: named })
    const inserted = await client.insert({ table: 'numbered', values: [row(1), row(2)], format: 'JSONEachRow' })
    assert.equal(inserted.executed, true)
    assert.equal(inserted.summary?.written_rows, '2')
    const result = await client.query({ query: 'SELECT * FROM numbered ORDER BY id', format: 'JSONEachRow' })
    assert.deepEqual(
      await result.json(),
      [1, 2].map(id => ({ ...row(id), id: String(id) })),
    )
  })
  test('every format it reads', async () => {
    await client.command({ query: named })
    await client.insert({ table: 'numbered', values: [row(3)], format: 'JSONEachRow' })
    for (const format of [
      'JSON',
      'JSONCompact',
      'JSONStrings',
      'JSONObjectEachRow',
      'JSONColumnsWithMetadata',
      'JSONCompactEachRow',
      'JSONCompactEachRowWithNamesAndTypes',
    ] as const) {
      const answer = JSON.stringify(
        await (await client.query({ query: 'SELECT id, name FROM numbered', format })).json(),
      )
      assert.ok(answer.includes('DROP TABLE numbered'), answer)
    }
    assert.match(
      await (await client.query({ query: 'SELECT id FROM numbered', format: 'CSVWithNames' })).text(),
      /^"id"\n3\n$/,
    )
  })
  test('streams in and out', async () => {
    await client.command({ query: named })
    async function* rows() {
      for (let id = 0; id < 30_000; id++) {
        if (id % 10_000 === 0) await new Promise(resolve => setImmediate(resolve))
        yield row(id)
      }
    }
    await client.insert({ table: 'numbered', values: Readable.from(rows()), format: 'JSONEachRow' })
    const result = await client.query({ query: 'SELECT id FROM numbered', format: 'JSONEachRow' })
    let count = 0
    for await (const some of result.stream<{ id: string }>()) count += some.length
    assert.equal(count, 30_000)
  })
  test('parameters, few and too many for a URL, by every way', async () => {
    const query =
      'SELECT {n:Int32} AS n, {s:String} AS s, {l:Array(String)} AS l, {x:Nullable(String)} AS x, {d:DateTime64(3)} AS d, {b:Bool} AS b, length({big:String}) AS big'
    for (const length of [10, 300_000]) {
      const query_params = {
        n: -5,
        s: "it's \\ \n\t \u00fc",
        l: ['a', "b'"],
        x: null,
        d: new Date('2026-01-02T03:04:05.678Z'),
        b: true,
        big: 'x'.repeat(length),
      }
      for (const use_multipart_params of [false, true]) {
        if (length > 10 && !use_multipart_params) continue
        const result = await client.query({ query, query_params, format: 'JSONEachRow', use_multipart_params })
        assert.deepEqual(await result.json(), [
          {
            n: -5,
            s: query_params.s,
            l: ['a', "b'"],
            x: null,
            d: '2026-01-02 03:04:05.678',
            b: true,
            big: String(length),
          },
        ])
      }
    }
  })
  test('errors have a code and a type', async () => {
    const failing = async (query: string) =>
      assert.rejects(
        client.query({ query, format: 'JSON' }).then(result => result.json()),
        (error: unknown) => {
          assert.ok(error instanceof ClickHouseError)
          codes.push(`${error.code} ${error.type ?? ''}`)
          return true
        },
      )
    const codes: string[] = []
    await failing('SELECT * FROM nothing')
    await failing('SELECT (')
    await failing("SELECT throwIf(1, 'on purpose')")
    assert.deepEqual(codes, ['60 UNKNOWN_TABLE', '62 SYNTAX_ERROR', '395 FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'])
    await assert.rejects(
      client.insert({ table: 'numbered', values: [{ id: 'x' }], format: 'JSONEachRow' }),
      (error: unknown) => error instanceof ClickHouseError && error.code === '27',
    )
    const stranger = clientOf({ username: 'default', password: '' })
    await assert.rejects(stranger.query({ query: 'SELECT 1' }), { code: '516', type: 'AUTHENTICATION_FAILED' })
  })
  test('an error in the middle of a stream reaches the reader', async () => {
    const result = await client.query({
      query: 'SELECT number, throwIf(number = 300000) FROM numbers(1000000)',
      format: 'JSONEachRow',
      clickhouse_settings: { max_block_size: '1000' },
    })
    await assert.rejects(async () => {
      for await (const some of result.stream()) assert.ok(some.length > 0)
    }, /throwIf|FUNCTION_THROW_IF|395|aborted/)
  })
  test('abort ends the query', async () => {
    const leaving = new AbortController()
    const asked = client.query({
      query: 'SELECT sum(number) FROM numbers(1000000000000)',
      abort_signal: leaving.signal,
    })
    setTimeout(() => leaving.abort(), 300)
    await assert.rejects(asked)
    for (let tries = 0; tries < 100; tries++) {
      if (
        (await gateway.read(
          "SELECT count() FROM system.processes WHERE query LIKE '%1000000000000%' AND query NOT LIKE '%system.processes%'",
        )) === '0'
      )
        return
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    assert.fail('it still runs')
  })
  test('compression both ways, settings, query_id, session_id', async () => {
    const packing = clientOf({
      compression: { request: true, response: true },
      clickhouse_settings: { max_threads: 1 },
    })
    await packing.command({ query: named })
    await packing.insert({
      table: 'numbered',
      values: Array.from({ length: 1000 }, (_, id) => row(id)),
      format: 'JSONEachRow',
    })
    const result = await packing.query({
      query: "SELECT *, toString(getSetting('max_threads')) AS t FROM numbered",
      format: 'JSONEachRow',
      query_id: 'packed-1',
    })
    assert.equal(result.query_id, 'packed-1')
    assert.equal((await result.json<{ t: string }>()).filter(({ t }) => t === '1').length, 1000)
    const session = clientOf({ session_id: 'of-a-client' })
    await session.command({ query: 'CREATE TEMPORARY TABLE mine (a UInt8)' })
    await session.insert({ table: 'mine', values: [{ a: 4 }], format: 'JSONEachRow' })
    assert.deepEqual(await (await session.query({ query: 'SELECT a FROM mine', format: 'JSONEachRow' })).json(), [
      { a: 4 },
    ])
  })
  test('insert_deduplication_token: the same insert twice counts once', async () => {
    await client.command({ query: named })
    for (const token of ['a', 'a', 'b', 'a'])
      await client.insert({
        table: 'numbered',
        values: [row(1)],
        format: 'JSONEachRow',
        clickhouse_settings: { insert_deduplication_token: token },
      })
    assert.equal(await counted(), 2)
  })
  test('the analyst reads with it, and only reads', async () => {
    const analyst = clientOf({ username: 'analyst', password: '' })
    assert.equal((await (await analyst.query({ query: 'SELECT 1 AS a', format: 'JSONEachRow' })).json()).length, 1)
    await assert.rejects(analyst.insert({ table: 'numbered', values: [row(1)], format: 'JSONEachRow' }), {
      code: '164',
      type: 'READONLY',
    })
  })
})

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
    await ours.command(named)
    for (const token of ['t1', 't1', 't2'])
      await ours.insert('numbered', rowsOf([binary(1, 'x'), binary(2, 'y\n\n;')]), { token })
    assert.equal(await counted(), 4)
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
  test('what may pass is Unavailable: nothing is given up for it', async () => {
    const unavailable = (promise: Promise<unknown>, reason: RegExp) =>
      assert.rejects(promise, (error: unknown) => {
        assert.ok(error instanceof Unavailable, String(error))
        assert.match(error.message, reason)
        assert.ok(error.retryAfter > 0)
        return true
      })
    await unavailable(ours.insert('nothing', rowsOf([binary(1, 'x')]), { token: 'a' }), /nothing/)
    const wrong = connect({ url: gateway.url, user: 'milepost', password: 'wrong' })
    await unavailable(wrong.insert('numbered', rowsOf([binary(1, 'x')]), { token: 'a' }), /Authentication failed/)
    await wrong.close()
    const answers: [number, string][] = [
      [503, 'busy'],
      [500, 'Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)'],
      [502, '<html>Bad gateway</html>'],
      [500, 'Code: 241. DB::Exception: memory (MEMORY_LIMIT_EXCEEDED)'],
    ]
    for (const [status, text] of answers) {
      const server = createServer((request, response) => {
        request.resume().on('end', () => response.writeHead(status).end(text))
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const proxied = connect({ url, user: 'milepost', password })
      await unavailable(proxied.insert('numbered', rowsOf([binary(1, 'x')]), { token: 'a' }), /ClickHouse: /)
      await unavailable(proxied.query('SELECT 1'), /ClickHouse: /)
      await unavailable(proxied.ping(), /ClickHouse: /)
      await proxied.close()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      const gone = connect({ url, user: 'milepost', password })
      await unavailable(gone.ping(), /ECONNREFUSED/)
      await unavailable(gone.insert('numbered', rowsOf([binary(1, 'x')]), { token: 'a' }), /ECONNREFUSED/)
      await gone.close()
    }
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const waiting = connect({ url, user: 'milepost', password, timeoutMs: 200 })
    await unavailable(waiting.query('SELECT 1'), /[Tt]imeout/)
    await waiting.close()
    silent.closeAllConnections()
    silent.close()
  })
  test('a statement that is wrong is wrong', async () => {
    await assert.rejects(
      ours.query('SELECT * FROM nothing'),
      (error: unknown) => error instanceof ClickHouseError && error.code === '60',
    )
  })
})

test('rows of any content come back from ClickHouse as they went (encoder against engine)', async () => {
  const ours = connect({ url: gateway.url, user: 'milepost', password })
  after(() => ours.close())
  await ours.command(
    "CREATE TABLE late_copy (event_id FixedString(32), source String, emitted_at Nullable(DateTime64(3, 'UTC')), received_at DateTime64(3, 'UTC'), occurred_at DateTime64(3, 'UTC'), processor String, topic String, key String, of_event_id String, reason String) ENGINE = MergeTree ORDER BY key",
  )
  const encode = rowEncoder(currentSchema('late.v1').schema)
  const texts = [
    '',
    'a',
    'ü€😀',
    'x'.repeat(63),
    'x'.repeat(64),
    'ü'.repeat(63),
    'y'.repeat(200),
    'z'.repeat(20_000),
    '\n\n;\0\u2028"\'`',
  ]
  const times = [0, 1, -1, 999, 1.7e12, 4_102_444_800_000, -2_208_988_800_000]
  const events = texts.flatMap((text, index) =>
    times.map((time, other) => ({
      ...{
        eventId: `${index}`.padStart(16, '0') + `${other}`.padStart(16, 'f'),
        source: text,
        emittedAt: other % 2 === 0 ? null : time,
      },
      ...{ receivedAt: time, occurredAt: time, cause: null },
      value: { occurredAt: time, processor: 'p', topic: text, key: text, ofEventId: '', reason: text },
    })),
  )
  await ours.insert('late_copy', encode(events as never), { token: 'all' })
  const stored = await ours.query<Record<string, string | null>>(
    'SELECT * REPLACE (toUnixTimestamp64Milli(received_at) AS received_at, toUnixTimestamp64Milli(occurred_at) AS occurred_at, if(emitted_at IS NULL, NULL, toUnixTimestamp64Milli(assumeNotNull(emitted_at))) AS emitted_at) FROM late_copy ORDER BY event_id',
  )
  const expected = events.map(({ eventId, source, emittedAt, receivedAt, value }) => ({
    ...{
      event_id: eventId,
      source,
      emitted_at: emittedAt === null ? null : String(emittedAt),
      received_at: String(receivedAt),
    },
    ...{
      occurred_at: String(value.occurredAt),
      processor: 'p',
      topic: source,
      key: source,
      of_event_id: '',
      reason: source,
    },
  }))
  assert.deepEqual(
    stored,
    expected.sort((a, b) => (a.event_id < b.event_id ? -1 : 1)),
  )
})
