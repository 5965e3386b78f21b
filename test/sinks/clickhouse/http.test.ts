/** What HTTP brings besides a statement: formats, parameters, encodings, methods. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { running, until } from './support.ts'

const gateway = await running()
const { ask, read, raw } = gateway

suite('what HTTP brings', () => {
  test('formats by clause, parameter and header; 64-bit integers as strings; parameters that only HTTP knows', async () => {
    assert.equal(await read('SELECT 1 AS a', { url: { default_format: 'JSONEachRow' } }), '{"a":1}')
    assert.equal(await read('SELECT 1 AS a', { headers: { 'X-ClickHouse-Format': 'CSV' } }), '1')
    const url = {
      ...{
        wait_end_of_query: '1',
        buffer_size: '100',
        send_progress_in_http_headers: '1',
        quota_key: 'q',
        stacktrace: '0',
      },
      role: 'x',
    }
    assert.equal(await read('SELECT toUInt64(5) AS a FORMAT JSONEachRow', { url }), '{"a":"5"}')
    assert.equal(
      await read('SELECT toUInt64(5) AS a FORMAT JSONEachRow', {
        url: { output_format_json_quote_64bit_integers: '0' },
      }),
      '{"a":5}',
    )
    const { headers } = await ask('SELECT 1 FORMAT JSON', { url: { query_id: 'q-1' } })
    assert.equal(headers.get('X-ClickHouse-Query-Id'), 'q-1')
    assert.equal(headers.get('X-ClickHouse-Format'), 'JSON')
    assert.match(headers.get('Content-Type') ?? '', /^application\/json/)
    assert.equal((JSON.parse(headers.get('X-ClickHouse-Summary') ?? '') as { read_rows: string }).read_rows, '1')
  })
  test('parameters of every kind, as ClickHouse escapes them', async () => {
    const url = {
      param_a: "it's\\n\\\\n",
      param_b: "['x','y\\'z']",
      param_c: '\\N',
      param_d: '2026-01-02 03:04:05',
      param_t: 'numbers',
    }
    const statement =
      'SELECT {a:String}, {b:Array(String)}, {c:Nullable(UInt8)}, {d:DateTime}, name FROM system.{t:Identifier} LIMIT 1 FORMAT JSONCompactEachRow'
    assert.deepEqual(
      (
        JSON.parse(await read(statement.replace(', name', '').replace(' LIMIT 1', ' LIMIT 1'), { url })) as unknown[]
      ).slice(0, 3),
      ["it's\n\\n", ['x', "y'z"], null],
    )
  })
  test('parameters too large for a URL come as a form', async () => {
    const form = new FormData()
    form.set('query', 'SELECT length({big:String}), {n:UInt8}')
    form.set('param_big', 'x'.repeat(300_000))
    form.set('param_n', '7')
    const answer = await fetch(`${gateway.url}/?user=analyst`, { method: 'POST', body: form })
    assert.equal(await answer.text(), '300000\t7\n')
  })
  test('bodies in every encoding', async () => {
    await read('CREATE TABLE packed (a UInt64) ENGINE = MergeTree ORDER BY a')
    const data = Array.from({ length: 1000 }, (_, index) => `${index}\n`).join('')
    // lz4 as a frame; node has no LZ4: this one holds its block uncompressed.
    const lz4 = Buffer.concat([
      Buffer.from('04224d186040820a000080', 'hex'),
      Buffer.from('1\n2\n3\n4\n5\n'),
      Buffer.from('00000000', 'hex'),
    ])
    const encodings: [string, Buffer][] = [
      ['gzip', gzipSync(data)],
      ['deflate', deflateSync(data)],
      ['br', brotliCompressSync(data)],
      ['zstd', zstdCompressSync(data)],
    ]
    for (const [encoding, body] of encodings) {
      await read('TRUNCATE TABLE packed')
      const answer = await ask(body, {
        url: { query: 'INSERT INTO packed FORMAT TSV' },
        headers: { 'Content-Encoding': encoding },
      })
      assert.equal(answer.status, 200, answer.text)
      assert.equal(await read('SELECT count(), sum(a) FROM packed'), '1000\t499500')
    }
    await read('TRUNCATE TABLE packed')
    const answer = await ask(lz4, {
      url: { query: 'INSERT INTO packed FORMAT TSV' },
      headers: { 'Content-Encoding': 'lz4' },
    })
    assert.equal(answer.status, 200, answer.text)
    assert.equal(await read('SELECT sum(a) FROM packed'), '15')
    for (const broken of [gzipSync(data).subarray(0, 100), Buffer.from('nonsense')])
      for (const url of [{ query: 'INSERT INTO packed FORMAT TSV' }, {}])
        assert.notEqual((await ask(broken, { url, headers: { 'Content-Encoding': 'gzip' } })).status, 200)
    assert.equal((await ask('x', { headers: { 'Content-Encoding': 'rot13' } })).status, 501)
    assert.equal((await ask('SELECT 1', { url: { decompress: '1' } })).status, 501)
  })
  test('answers in the encodings that the client takes, if it allows compression', async () => {
    const statement = 'SELECT number FROM numbers(5)'
    const plain = await raw(statement, {}, { 'Accept-Encoding': 'gzip, zstd' })
    assert.equal(plain.headers['content-encoding'], undefined)
    const url = { enable_http_compression: '1' }
    const packed = await raw(statement, url, { 'Accept-Encoding': 'gzip;q=1, zstd;q=0' })
    assert.equal(gunzipSync(packed.body).toString(), '0\n1\n2\n3\n4\n')
    const best = await raw(`${statement} FORMAT JSONCompact`, url, { 'Accept-Encoding': 'lz4, br, gzip, zstd' })
    assert.equal(best.headers['content-encoding'], 'zstd')
    assert.match(zstdDecompressSync(best.body).toString(), /"rows": 5/)
  })
  test('clickhouse-go’s greeting: the revision of the blocks that it will get', async () => {
    const { body } = await raw('SELECT displayName(), version(), revision(), timezone()', {
      default_format: 'Native',
      client_protocol_version: '54460',
    })
    assert.ok(body.includes('toUInt32(0)') || body.includes('revision()'))
    assert.equal(await read('SELECT revision() > 0'), '1')
    const native = await raw('SELECT revision()', { default_format: 'Native' })
    assert.deepEqual([...native.body.subarray(-4)], [0, 0, 0, 0])
  })
  test('HEAD and ping', async () => {
    assert.equal(await (await fetch(`${gateway.url}/ping`)).text(), 'Ok.\n')
    const head = await fetch(`${gateway.url}/?user=analyst&query=SELECT+1`, { method: 'HEAD' })
    assert.equal(head.status, 200)
    assert.equal(await head.text(), '')
  })
})

test('nothing is left in the spool', async () => {
  await until(() => readdirSync(join(gateway.data, 'spool')).length === 0, 'the spool is empty')
})
