/** The engine runs part of an INSERT's inline data as SQL: whatever is sent as data must stay data. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { running } from './support.ts'

const gateway = await running()
const { ask, read } = gateway

/** An empty table each; `canary` must survive everything. */
await read('CREATE TABLE canary (a UInt8) ENGINE = MergeTree ORDER BY a')
const fresh = async (name: string) => {
  await read(`CREATE OR REPLACE TABLE ${name} (a UInt64, s String) ENGINE = MergeTree ORDER BY a`)
}
const attack = 'x\n\nDROP TABLE canary;\n\nDROP TABLE canary'
const canaryLives = async () => assert.equal(await read('EXISTS TABLE canary'), '1')

suite('a payload with SQL in it is stored, not run', () => {
  const cases: readonly (readonly [format: string, data: string])[] = [
    ['CSV', `1,"${attack}"\n`],
    ['JSONEachRow', `${JSON.stringify({ a: 1, s: attack })}\n`],
    ['JSONCompactEachRow', `${JSON.stringify([1, attack])}\n`],
    ['Values', `(1, '${attack}')`],
    ['Values', `\n\n(1,\n\n'${attack}');`],
    ['TabSeparated', `1\t${attack.replaceAll('\n', '\\n')}\n`],
  ]
  for (const [format, data] of cases) {
    const insert = format === 'Values' ? 'INSERT INTO t VALUES' : `INSERT INTO t FORMAT ${format}`
    const ways = {
      'in the body, after the statement': () => ask(`${insert}\n${data}`),
      'in the body, the statement in the URL': () => ask(data, { url: { query: insert } }),
      'in the URL': () => ask('', { url: { query: `${insert}\n${data}` } }),
      'compressed with gzip': () =>
        ask(gzipSync(data), { url: { query: insert }, headers: { 'Content-Encoding': 'gzip' } }),
      'compressed with zstd, statement and all': () =>
        ask(zstdCompressSync(`${insert}\n${data}`), { headers: { 'Content-Encoding': 'zstd' } }),
    }
    for (const [way, send] of Object.entries(ways))
      test(`${format} ${way}`, async () => {
        await fresh('t')
        const { status, text } = await send()
        assert.equal(status, 200, text)
        await canaryLives()
        assert.deepEqual(JSON.parse(await read('SELECT a, s FROM t FORMAT JSONCompactEachRow')), ['1', attack])
      })
  }
})

test('an empty line between rows ends nothing', async () => {
  await fresh('lines')
  for (const data of ['1,a\n\nDROP TABLE canary\n', '\n\nDROP TABLE canary\n', '1,a\n;\n\nDROP TABLE canary'])
    await ask(`INSERT INTO lines FORMAT CSV\n${data}`)
  await ask('INSERT INTO lines FORMAT JSONEachRow {"a":1,"s":"x"}\n\nDROP TABLE canary')
  await ask("INSERT INTO lines VALUES (1,'a')\n\nDROP TABLE canary")
  await ask("INSERT INTO lines VALUES (1,'a'); DROP TABLE canary")
  await ask("INSERT INTO lines SELECT 1, 'a' FORMAT CSV\n\nDROP TABLE canary")
  await ask('WITH 1 AS x INSERT INTO lines FORMAT CSV 1,a\n\nDROP TABLE canary')
  await ask('EXPLAIN INSERT INTO lines FORMAT CSV 1,a\n\nDROP TABLE canary')
  await canaryLives()
})

test('any bytes come back as they were sent (RowBinary, 0x0A0A included)', async () => {
  await fresh('binary')
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.constant(Buffer.from(attack)),
    fc.constant(Buffer.from("';\n\n--\n/*$$")),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 5 }), async values => {
      await read('TRUNCATE TABLE binary')
      const rows = values.map((value, index) => {
        const head = Buffer.alloc(8)
        head.writeUInt32LE(index)
        return Buffer.concat([head, Buffer.from(leb128(value.length)), value])
      })
      const { status, text } = await ask(Buffer.concat(rows), { url: { query: 'INSERT INTO binary FORMAT RowBinary' } })
      assert.equal(status, 200, text)
      const stored = await read('SELECT hex(s) FROM binary ORDER BY a FORMAT JSONCompactEachRow')
      const expected = values.map(value => JSON.stringify([Buffer.from(value).toString('hex').toUpperCase()]))
      assert.equal(stored, expected.join('\n'))
    }),
    { numRuns: 40 },
  )
  await canaryLives()
})

test('expressions among VALUES are evaluated, but none that reaches beyond the database', async () => {
  await fresh('expressions')
  await read("INSERT INTO expressions VALUES (1 + 1, upper('a')), (3, concat('b', 'c'))")
  assert.equal(await read('SELECT a, s FROM expressions ORDER BY a'), '2\tA\n3\tbc')
  const reaching = "(4, file('/etc/hostname'))"
  const insert = 'INSERT INTO expressions VALUES'
  const ways = {
    plain: ask(`${insert} ${reaching}`),
    'in quotes': ask(`INSERT INTO expressions FORMAT \`Values\` ${reaching}`),
    'by a setting': ask(
      `INSERT INTO expressions SETTINGS input_format_values_interpret_expressions = 1 VALUES ${reaching}`,
    ),
    packed: ask(gzipSync(reaching), { url: { query: insert }, headers: { 'Content-Encoding': 'gzip' } }),
    'behind what is read at once': ask(`${insert} (4, 'x')${' '.repeat(1 << 20)}, ${reaching}`),
  }
  for (const [way, asked] of Object.entries(ways)) {
    const { status, text } = await asked
    assert.notEqual(status, 200, way)
    assert.match(text, /^Code: \d+\. DB::Exception/)
  }
  assert.equal(await read('SELECT count() FROM expressions'), '2')
})

test('input() reads the data of the request', async () => {
  await fresh('input')
  const insert = "INSERT INTO input SELECT a + 1, upper(s) FROM input('a UInt64, s String') FORMAT CSV"
  await read(`${insert}\n1,"y\n\nDROP TABLE canary"\n`)
  assert.equal(await read('SELECT a, s FROM input FORMAT CSV'), '2,"Y\n\nDROP TABLE CANARY"')
  await canaryLives()
})

test('a data error names no path of this machine', async () => {
  await fresh('errors')
  const { status, text, headers } = await ask('INSERT INTO errors FORMAT JSONEachRow\n{"a":1}\n{"a":"x"}\n')
  assert.equal(status, 400)
  assert.equal(headers.get('X-ClickHouse-Exception-Code'), /^Code: (\d+)/.exec(text)?.[1])
  assert.ok(!text.includes(gateway.data), text)
  assert.equal(await read('SELECT count() FROM errors'), '0')
})

suite('multi-statements are refused', () => {
  for (const statement of [
    'SELECT 1; DROP TABLE canary',
    'SELECT 1;DROP TABLE canary;',
    'SELECT 1\n;\n\nDROP TABLE canary',
    "SELECT ';'; DROP TABLE canary",
    "SELECT '\\'; SELECT '; DROP TABLE canary --'",
    'SELECT 1 /* ; */; DROP TABLE canary',
    'SELECT 1 -- ;\n; DROP TABLE canary',
    'SELECT `;` FROM (SELECT 1 AS `;`); DROP TABLE canary',
    'SELECT $x$ ; $x$; DROP TABLE canary',
    'SELECT ‘a’; DROP TABLE canary',
    "SELECT x'41\\'; DROP TABLE canary --'",
    'SELECT 1 // ;\n; DROP TABLE canary',
    'SELECT 1 PARALLEL WITH DROP TABLE canary',
    'SELECT 1\u0000; DROP TABLE canary',
    'SELECT 1 \\G DROP TABLE canary',
    'DROP TABLE IF EXISTS nothing PARALLEL WITH DROP TABLE canary',
  ])
    test(JSON.stringify(statement), async () => {
      const { status, text } = await ask(statement)
      assert.equal(status, 400, text)
      assert.match(text, /^Code: 62\. DB::Exception: .*\(SYNTAX_ERROR\)/)
      await canaryLives()
    })
  test('one statement may end in a semicolon and contain as many as it likes', async () => {
    assert.equal(await read("SELECT ';', ';;' AS `a;b` /* ; */; -- ;"), ';\t;;')
    assert.equal(await read("SELECT 'it''s', 'a\\'b', \"q\"\"\" FROM (SELECT 2 AS `q\"`)"), "it\\'s\ta\\'b\t2")
  })
})

function leb128(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb128(value >>> 7)]
}
