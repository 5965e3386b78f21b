/** Answers as they come, block by block, and errors before and in the middle of them. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite, test } from 'node:test'
import { password, running } from './support.ts'

const gateway = await running()
const { ask, read, raw } = gateway

suite('streaming', () => {
  const rows = 300_000
  test('rows come as they are made', async () => {
    const streamed = await fetch(`${gateway.url}/?${String(new URLSearchParams({ user: 'milepost', password }))}`, {
      method: 'POST',
      body: 'SELECT number, sleepEachRow(0.1) FROM numbers(1000000) SETTINGS max_block_size = 1 FORMAT JSONEachRow',
    })
    const reader = streamed.body?.getReader()
    const first = await reader?.read()
    assert.match(Buffer.from(first?.value ?? []).toString(), /^\{"number":"0"/)
    // The whole would take a day.
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
    const planned = new AbortController()
    const slow = read('SELECT (SELECT sleep(3))').finally(() => planned.abort())
    let pings = 0
    for (; !planned.signal.aborted; pings++) {
      assert.equal(await (await fetch(`${gateway.url}/ping`)).text(), 'Ok.\n')
      await sleep(20)
    }
    assert.equal(await slow, '0')
    assert.ok(pings > 10, `${pings} were answered in 3 s`)
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
