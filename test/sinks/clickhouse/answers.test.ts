/** What clients rely on: isolation of requests, streaming, errors in the middle, cancelling, compression, parameters. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite, test } from 'node:test'
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { password, running } from './support.ts'

const gateway = await running()
const { ask, read } = gateway

/** An answer with headers and what came of the body before the connection ended. */
const raw = (statement: string, url: Record<string, string> = {}, headers: Record<string, string> = {}) =>
  new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer; whole: boolean }>(
    (resolve, reject) => {
      const path = `${gateway.url}/?${String(new URLSearchParams({ user: 'milepost', password, ...url }))}`
      const asked = request(path, { method: 'POST', headers }, answer => {
        const chunks: Buffer[] = []
        const end = () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(chunks),
            whole: answer.complete,
          })
        answer
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', end)
          .on('error', end)
      })
      asked.on('error', reject).end(statement)
    },
  )

const processes = () =>
  read("SELECT count() FROM system.processes WHERE query NOT LIKE '%system.processes%' FORMAT TSV").then(Number)
const until = async (holds: () => Promise<boolean>, what: string) => {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds()) return
    await sleep(50)
  }
  assert.fail(`never: ${what}`)
}

suite('requests do not touch one another', () => {
  test('many at once, each with its own parameters and settings', async () => {
    const answers = Array.from({ length: 60 }, async (_, index) => {
      const url = { param_n: String(index), param_text: `a'b\\t${index}`, max_block_size: String(1000 + index) }
      const text = await read(
        "SELECT {n:UInt32}, {text:String}, toString(getSetting('max_block_size')) FORMAT JSONCompactEachRow",
        { url },
      )
      assert.deepEqual(JSON.parse(text), [index, `a'b\t${index}`, String(1000 + index)])
    })
    await Promise.all(answers)
  })
  test('what a failed query had written does not come out in front of the next answer', async () => {
    const url = { session_id: 'failing' }
    for (const format of ['JSON', 'TSV', 'JSONEachRow']) {
      const failing = `SELECT number, throwIf(number = 90000) FROM numbers(100000) SETTINGS max_block_size = 1000 FORMAT ${format}`
      assert.notEqual((await ask(failing, { url: { ...url, wait_end_of_query: '1' } })).status, 200)
      assert.equal(await read('SELECT 5', { url }), '5')
      assert.equal(await read('SELECT 6'), '6')
    }
  })
  test('SET, USE, parameters and readonly end with their request', async () => {
    await read('SET max_threads = 1, param_left = 5')
    await read('USE system')
    await read('SELECT 1', { user: 'analyst' })
    await read('SELECT {x:String}', { url: { param_x: '1' } })
    assert.notEqual(await read("SELECT getSetting('max_threads')"), '1')
    assert.equal(await read('SELECT currentDatabase()'), 'milepost')
    assert.equal((await ask('SELECT {left:String}')).status, 400)
    assert.equal((await ask('SELECT {x:String}')).status, 400)
    await read('CREATE TABLE still_writable (a UInt8) ENGINE = Memory')
  })
  test('queries run side by side, and more than run at once wait for their turn', async () => {
    const started = performance.now()
    const texts = await Promise.all(Array.from({ length: 4 }, () => read('SELECT sleep(1)')))
    assert.deepEqual(texts, ['0', '0', '0', '0'])
    assert.ok(performance.now() - started < 3500, 'one after the other would take 4 s')
    assert.equal((await Promise.all(Array.from({ length: 30 }, () => read('SELECT 1')))).length, 30)
  })
  test('a session that the client names keeps its settings and temporary tables, for one request at a time', async () => {
    const url = { session_id: 'mine' }
    await read('CREATE TEMPORARY TABLE kept (a UInt8)', { url })
    await read('INSERT INTO kept VALUES (7)', { url })
    await read('SET max_threads = 1', { url })
    assert.equal(await read("SELECT a, getSetting('max_threads') FROM kept", { url }), '7\t1')
    assert.equal((await ask('SELECT a FROM kept')).status, 404)
    const slow = read('SELECT sleep(1)', { url })
    await sleep(300)
    assert.match((await ask('SELECT 1', { url })).text, /SESSION_IS_LOCKED/)
    await slow
    assert.equal(await read('SELECT 1', { url: { ...url, close_session: '1' } }), '1')
    assert.match((await ask('SELECT 1', { url: { ...url, session_check: '1' } })).text, /SESSION_NOT_FOUND/)
  })
})

suite('streaming', () => {
  const rows = 300_000
  test('rows come as they are made', async () => {
    const answer = await fetch(`${gateway.url}/?user=analyst`, {
      method: 'POST',
      body: 'SELECT number, sleepEachRow(0.1) FROM numbers(30) SETTINGS max_block_size = 1'.replace(/ SETTINGS.*/, ''),
    })
    assert.equal(answer.status, 200)
    await answer.text()
    const started = performance.now()
    const streamed = await fetch(`${gateway.url}/?${String(new URLSearchParams({ user: 'milepost', password }))}`, {
      method: 'POST',
      body: 'SELECT number, sleepEachRow(0.1) FROM numbers(20) SETTINGS max_block_size = 1 FORMAT JSONEachRow',
    })
    const reader = streamed.body?.getReader()
    const first = await reader?.read()
    assert.match(Buffer.from(first?.value ?? []).toString(), /^\{"number":"0"/)
    assert.ok(performance.now() - started < 1500, 'the whole takes 2 s')
    await reader?.cancel()
  })
  for (const format of [
    'TSV',
    'CSVWithNames',
    'TSVWithNamesAndTypes',
    'JSONCompactEachRowWithNamesAndTypes',
    'JSONEachRow',
    'JSON',
    'XML',
    'Values',
    'JSONColumns',
  ])
    test(`${format}: streamed or not, the same bytes`, async () => {
      // A name with a line end in it is what a header of CSV may contain.
      const statement = `SELECT number AS \`a "\n" b\`, toString(number) AS s FROM numbers(3) SETTINGS max_block_size = 1 FORMAT ${format}`
      const steady = (text: string) => text.replace(/"elapsed": [^,]+,|<elapsed>.*<\/elapsed>/, '')
      const whole = await read(statement, { url: { wait_end_of_query: '1' } })
      assert.equal(steady(await read(statement)), steady(whole))
      assert.equal(whole.split('2').length > 1, true)
    })
  test(`RowBinaryWithNamesAndTypes, Native and Parquet are whole`, async () => {
    for (const [format, magic] of [
      ['RowBinaryWithNamesAndTypes', '\x01\x06number'],
      ['Native', '\x01'],
      ['Parquet', 'PAR1'],
    ] as const) {
      const { body } = await raw(`SELECT number FROM numbers(${rows}) FORMAT ${format}`)
      assert.ok(body.toString('latin1').startsWith(magic), format)
      if (format === 'RowBinaryWithNamesAndTypes') assert.equal(body.length, 15 + 8 * rows)
      if (format === 'Parquet') assert.equal(body.toString('latin1').slice(-4), 'PAR1')
    }
  })
  test('a large answer in rows is not held in memory, a large document is refused', async () => {
    const { status, text } = await ask('SELECT repeat(toString(number), 20) AS x FROM numbers(2000000) FORMAT JSON')
    assert.equal(status, 500)
    assert.match(text, /TOO_MANY_ROWS_OR_BYTES/)
    let bytes = 0
    const streamed = await fetch(`${gateway.url}/?user=analyst`, {
      method: 'POST',
      body: 'SELECT repeat(toString(number % 10), 1000) AS x FROM numbers(100000)',
    })
    for await (const chunk of (streamed.body ?? []) as AsyncIterable<Uint8Array>) bytes += chunk.length
    assert.equal(bytes, 100_000 * 1001)
  })
  test('planning that evaluates a subquery keeps nobody waiting', async () => {
    const slow = read('SELECT number FROM numbers(1) WHERE number IN (SELECT sleep(1)) OR number = (SELECT sleep(1))')
    await sleep(200)
    const started = performance.now()
    assert.equal(await (await fetch(`${gateway.url}/ping`)).text(), 'Ok.\n')
    assert.ok(performance.now() - started < 700)
    await slow
  })
})

suite('errors', () => {
  test('before the answer began: a status and a code', async () => {
    const expected: readonly (readonly [statement: string, status: number, code: number])[] = [
      ['SELEC 1', 400, 62],
      ['SELECT nothing', 404, 47],
      ['SELECT * FROM nothing', 404, 60],
      ["SELECT throwIf(1, 'now')", 500, 395],
      ['SELECT 1 FORMAT Nothing', 404, 73],
      ['', 400, 62],
      ['-- nothing', 400, 62],
    ]
    for (const [statement, status, code] of expected) {
      const answer = await ask(statement)
      assert.equal(answer.status, status, statement)
      assert.equal(answer.headers.get('X-ClickHouse-Exception-Code'), String(code))
      assert.match(
        answer.text,
        new RegExp(`^Code: ${code}\\. DB::Exception: .*\\([A-Z_]+\\) \\(version [\\d.]+\\)\\n$`, 's'),
      )
    }
    assert.equal((await ask('SELECT 1', { url: { database: 'nowhere' } })).status, 404)
    assert.equal((await ask('SELECT 1', { url: { no_such_setting: '1' } })).status, 404)
    assert.equal((await ask('SELECT 1', { method: 'PUT' })).status, 501)
    assert.equal((await fetch(`${gateway.url}/nowhere`)).status, 404)
  })
  for (const encoding of ['', 'gzip', 'zstd'])
    test(`in the middle: the exception frame, never a clean end ${encoding}`, async () => {
      const statement = 'SELECT throwIf(number = 200000), number FROM numbers(1000000) SETTINGS max_block_size = 1000'
      const url = encoding === '' ? {} : { enable_http_compression: '1' }
      const { status, headers, body, whole } = await raw(
        statement,
        url,
        encoding === '' ? {} : { 'Accept-Encoding': encoding },
      )
      assert.equal(status, 200)
      assert.equal(whole, false, 'the body must not end as if it were whole')
      const tag = String(headers['x-clickhouse-exception-tag'])
      assert.match(tag, /^[\w-]{16}$/)
      if (encoding !== '') {
        assert.equal(headers['content-encoding'], encoding)
        return
      }
      const text = body.toString()
      const frame = new RegExp(
        `\\r\\n__exception__\\r\\n${tag}\\r\\n(Code: 395[^]*\\n)(\\d+) ${tag}\\r\\n__exception__\\r\\n$`,
      )
      const [, message = '', length] = frame.exec(text) ?? []
      assert.equal(Buffer.byteLength(message), Number(length))
      assert.ok(text.startsWith('0\t0\n0\t1\n'))
    })
})

suite('cancelling', () => {
  for (const [what, statement] of [
    ['streamed', 'SELECT sum(number) FROM numbers(1000000000000)'],
    ['whole', 'SELECT sum(number) FROM numbers(1000000000000) FORMAT JSON'],
    ['sending', 'SELECT number FROM numbers(100000000000)'],
    ['writing', 'CREATE TABLE never ENGINE = Null AS SELECT number FROM numbers(1000000000000)'],
  ] as const)
    test(`a client that leaves ends its query (${what})`, async () => {
      const leaving = new AbortController()
      const asked = ask(statement, { signal: leaving.signal })
      await until(async () => (await processes()) === 1, 'it runs')
      leaving.abort()
      await assert.rejects(asked)
      await until(async () => (await processes()) === 0, 'it ends')
    })
  test('KILL QUERY by the id that the client gave', async () => {
    const asked = ask('SELECT sum(number) FROM numbers(1000000000000)', { url: { query_id: 'long-one' } })
    await until(async () => (await processes()) === 1, 'it runs')
    assert.match(
      (await ask('SELECT 1', { url: { query_id: 'long-one' } })).text,
      /QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING/,
    )
    await read("KILL QUERY WHERE query_id = 'long-one'")
    assert.match((await asked).text, /QUERY_WAS_CANCELLED/)
  })
  test('many leave, the gateway stays', async () => {
    await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const leaving = new AbortController()
        setTimeout(() => leaving.abort(), index * 7)
        await ask('SELECT number FROM numbers(1000000000)', { signal: leaving.signal }).catch(() => undefined)
      }),
    )
    await until(async () => (await processes()) === 0, 'all end')
    assert.equal(await read('SELECT 1'), '1')
  })
})

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
  await until(() => Promise.resolve(readdirSync(join(gateway.data, 'spool')).length === 0), 'the spool is empty')
})
