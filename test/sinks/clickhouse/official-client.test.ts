/** @clickhouse/client against the gateway as against a server. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, suite, test } from 'node:test'
import { ClickHouseError, createClient, type ClickHouseClientConfigOptions } from '@clickhouse/client'
import { NUMBERED, password, running } from './support.ts'

const gateway = await running()
const clientOf = (more: ClickHouseClientConfigOptions = {}) => {
  const client = createClient({ url: gateway.url, username: 'milepost', password, ...more })
  after(() => client.close())
  return client
}
const client = clientOf()
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
    await client.command({ query: NUMBERED })
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
    await client.command({ query: NUMBERED })
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
    await client.command({ query: NUMBERED })
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
    await packing.command({ query: NUMBERED })
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
    await client.command({ query: NUMBERED })
    for (const token of ['a', 'a', 'b', 'a'])
      await client.insert({
        table: 'numbered',
        values: [row(1)],
        format: 'JSONEachRow',
        clickhouse_settings: { insert_deduplication_token: token },
      })
    assert.equal(await gateway.read('SELECT count() FROM numbered'), '2')
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
