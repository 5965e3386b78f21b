/** Who may do what: the engine knows no users and jails nothing. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { password, running, temporaryFolder } from './support.ts'

const gateway = await running()
const { ask, read } = gateway
await read('CREATE TABLE facts (a UInt64, s String) ENGINE = MergeTree ORDER BY a')
await read("INSERT INTO facts VALUES (1, 'one')")
const out = join(temporaryFolder(), 'out')
const reader = { user: 'analyst' } as const

suite('who comes in', () => {
  const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  const keys = (user: string, key: string) => ({
    'X-ClickHouse-User': user,
    'X-ClickHouse-Key': Buffer.from(key).toString('latin1'),
  })
  const get = async (query: Record<string, string>, headers: Record<string, string>) => {
    const response = await fetch(`${gateway.url}/?${String(new URLSearchParams({ query: 'SELECT 7', ...query }))}`, {
      headers,
    })
    return { status: response.status, text: await response.text() }
  }
  test('milepost by URL, by headers and by basic authentication', async () => {
    assert.equal((await get({ user: 'milepost', password }, {})).text, '7\n')
    assert.equal((await get({}, basic(`milepost:${password}`))).text, '7\n')
    const plain = await running({ password: 'plain' })
    const response = await fetch(`${plain.url}/?query=SELECT+8`, { headers: keys('milepost', 'plain') })
    assert.equal(await response.text(), '8\n')
  })
  test('analyst without a password, in all three ways', async () => {
    for (const answer of [
      get({ user: 'analyst' }, {}),
      get({}, keys('analyst', '')),
      get({}, basic('analyst:')),
      get({}, basic('analyst')),
    ])
      assert.equal((await answer).text, '7\n')
  })
  test('nobody else, and nobody with a wrong password', async () => {
    const strangers = [
      get({}, {}),
      get({ user: 'default' }, {}),
      get({ user: 'default', password }, {}),
      get({ user: 'milepost' }, {}),
      get({ user: 'milepost', password: `${password} ` }, {}),
      get({ user: 'analyst', password: 'guess' }, {}),
      get({ user: 'Milepost', password }, {}),
      get({ user: '' }, {}),
      get({}, basic(`milepost:${password}x`)),
    ]
    for (const stranger of strangers) {
      const { status, text } = await stranger
      assert.equal(status, 403, text)
      assert.match(text, /^Code: 516\. DB::Exception: .*Authentication failed.*\(AUTHENTICATION_FAILED\)/)
    }
  })
  test('a web page that calls this machine by a name of its own', async () => {
    const status = await new Promise((resolve, reject) => {
      const asked = request(
        `${gateway.url}/?user=analyst&query=SELECT+1`,
        { headers: { Host: 'evil.example:80' } },
        answer => {
          answer.resume()
          resolve(answer.statusCode)
        },
      )
      asked.on('error', reject).end()
    })
    assert.equal(status, 403)
  })
  test('with a password of its own the analyst needs it', async () => {
    const strict = await running({ analystPassword: 'secret' })
    const as = (key: string) => fetch(`${strict.url}/?user=analyst&password=${key}&query=SELECT+1`)
    assert.equal((await as('')).status, 403)
    assert.equal((await as('secret')).status, 200)
  })
})

suite('the analyst reads', () => {
  for (const statement of [
    'SELECT s FROM facts',
    'WITH 2 AS two SELECT two',
    '(SELECT 1) UNION ALL (SELECT 2)',
    'FROM facts SELECT a',
    'SHOW TABLES',
    'DESCRIBE TABLE facts',
    'EXPLAIN SELECT * FROM facts',
    'EXISTS TABLE facts',
    'SELECT count() FROM numbers(10)',
    "SELECT format('{}: {}', s, 'x') FROM facts",
    'SELECT file.s AS x FROM (SELECT s FROM facts) AS profile, (SELECT 1 AS s) AS files'.replace('file.s', 'profile.s'),
    'SELECT name FROM system.tables',
  ])
    test(statement, async () => assert.notEqual(await read(statement, reader), ''))
  test('with settings that say how', async () => {
    const url = {
      output_format_json_quote_64bit_integers: '0',
      max_execution_time: '5',
      session_timezone: 'Asia/Tokyo',
    }
    assert.equal(await read('SELECT a FROM facts FORMAT JSONEachRow', { ...reader, url }), '{"a":1}')
    assert.equal(await read('SELECT timezone()', { ...reader, url }), 'Asia/Tokyo')
  })
})

suite('the analyst does nothing else', () => {
  const forbidden: readonly (readonly [statement: string, code: RegExp])[] = [
    ["INSERT INTO facts VALUES (2, 'two')", /READONLY/],
    ['DROP TABLE facts', /READONLY/],
    ['CREATE TABLE more (a UInt8) ENGINE = Memory', /READONLY/],
    ['CREATE TEMPORARY TABLE more (a UInt8)', /READONLY/],
    ['ALTER TABLE facts DELETE WHERE 1', /READONLY/],
    ['OPTIMIZE TABLE facts', /READONLY/],
    ['SYSTEM STOP MERGES', /READONLY/],
    ["KILL QUERY WHERE query_id = 'x'", /READONLY/],
    ['SET max_threads = 1', /READONLY/],
    ['SET readonly = 0', /READONLY/],
    ['SELECT 1 SETTINGS readonly = 0', /READONLY/],
    ['SELECT 1 SETTINGS max_memory_usage = 100000000000', /READONLY/],
    ["BACKUP TABLE facts TO File('b')", /READONLY|ACCESS_DENIED/],
    [`SELECT 1 INTO OUTFILE '${out}'`, /NOT_IMPLEMENTED/],
    [`SELECT 1 INTO /* . */ OUTFILE '${out}'`, /NOT_IMPLEMENTED/],
    [`SELECT 1 INTO\nOUTFILE '${out}' TRUNCATE`, /NOT_IMPLEMENTED/],
    ["SELECT * FROM file('/etc/passwd', 'LineAsString')", /ACCESS_DENIED/],
    ["SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')", /ACCESS_DENIED/],
    ["DESCRIBE TABLE url('http://127.0.0.1:1/')", /ACCESS_DENIED/],
    ["SELECT * FROM remote('127.0.0.1', 'system.one')", /ACCESS_DENIED/],
    ["SELECT * FROM executable('id', 'TSV', 'a String')", /ACCESS_DENIED/],
    ["SELECT * FROM eval('SELECT 1')", /ACCESS_DENIED/],
    ["SELECT hasColumnInTable('127.0.0.1', 'default', 'facts', 'a')", /ACCESS_DENIED/],
  ]
  for (const [statement, code] of forbidden)
    test(statement.slice(0, 70), async () => {
      const { status, text } = await ask(statement, reader)
      assert.notEqual(status, 200, text)
      assert.match(text, code)
      assert.ok(!existsSync(out))
      assert.equal(await read('SELECT count() FROM facts'), '1')
    })
  test('nor by a setting in the URL', async () => {
    for (const url of [
      { additional_result_filter: "file('/etc/passwd') != ''" },
      { additional_table_filters: "{'facts': 'file(\\'/etc/passwd\\') != \\'\\''}" },
      { allow_ddl: '1' },
      { format_schema: '/etc/passwd:x' },
      { dialect: 'kusto' },
    ])
      assert.match((await ask('SELECT * FROM facts', { ...reader, url })).text, /READONLY|ACCESS_DENIED/)
    assert.match((await ask('DROP TABLE facts', { ...reader, url: { readonly: '0' } })).text, /READONLY/)
  })
  test('nor take more memory or time than it may', async () => {
    const url = { max_memory_usage: '0', max_execution_time: '100000' }
    const memory = Number(await read("SELECT getSetting('max_memory_usage')", { ...reader, url }))
    assert.ok(memory > 0 && memory < 1024 ** 3)
    assert.equal(await read("SELECT toUInt64(getSetting('max_execution_time'))", { ...reader, url }), '60')
  })
})

suite('files of the machine are nobody’s', () => {
  // Each read /etc/passwd, or wrote a file, in the engine as it comes; most even under readonly = 1.
  const reaching = [
    "SELECT file('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    'SELECT "fi\\x6ce"(\'/etc/passwd\')',
    "SELECT file /* . */ ('/etc/passwd')",
    "SELECT arrayMap(file, ['/etc/passwd'])",
    "SELECT * APPLY(file) FROM (SELECT '/etc/passwd')",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "DESCRIBE TABLE file('/etc/passwd', 'LineAsString')",
    'SELECT * FROM `/etc/passwd`',
    "SELECT * FROM '/etc/passwd'",
    'SELECT * FROM default.`/etc/passwd`',
    'SELECT * FROM default."/etc/passwd"',
    "SELECT * FROM eval('SELECT file(''/etc/passwd'')')",
    "SELECT * FROM view(SELECT file('/etc/passwd'))",
    "SELECT 1 SETTINGS additional_result_filter = 'file(''/etc/passwd'') = '''''",
    // Structures and rows are text that the engine reads as SQL.
    "SELECT *, s FROM generateRandom('a UInt8, s String ALIAS file(''/etc/passwd'')') LIMIT 1",
    "SELECT *, s FROM generateRandom(concat('a UInt8, s String AL', 'IAS fi', 'le(''/etc/passwd'')')) LIMIT 1",
    "SELECT s FROM values('a UInt8, s String ALIAS file(''/etc/passwd'')', 1)",
    "SELECT * FROM format(Values, 's String', '(file(''/etc/passwd''))')",
    "SELECT * FROM format('Values', 's String', '(file(''/etc/passwd''))')",
    "SELECT * FROM null('a UInt8, s String \\x41LIAS file(''/etc/passwd'')')",
    "SELECT * FROM null(concat('a UInt8, s String ALIAS file(''/etc/passwd'')', ''))",
    "SELECT * FROM url('file:///etc/passwd', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1:1', 'system.one')",
    "SELECT * FROM s3('http://127.0.0.1:1/x', 'CSV', concat('a UInt8, s String AL', 'IAS fi', 'le(''/etc/passwd'')'))",
  ]
  const writing = [
    `INSERT INTO FUNCTION file('${out}', 'TSV', 'a UInt8') SELECT 1`,
    `INSERT INTO FUNCTION file('${out}', 'TSV', 'a UInt8') VALUES (1)`,
    `SELECT 1 INTO OUTFILE '${out}'`,
    "INSERT INTO facts FROM INFILE '/etc/passwd' FORMAT LineAsString",
    "CREATE TABLE f (a String) ENGINE = File(LineAsString, '/etc/passwd')",
    "CREATE DATABASE fs ENGINE = Filesystem('/etc')",
    "CREATE TABLE u (s String) ENGINE = URL('file:///etc/passwd', LineAsString)",
    "INSERT INTO FUNCTION null('a UInt8, n UInt8 DEFAULT toUInt8(file(''/etc/passwd''))') (a) VALUES (1)",
    "CREATE VIEW v AS SELECT file('/etc/passwd') AS s",
    'CREATE FUNCTION f AS (x) -> file(x)',
    "CREATE DICTIONARY d (a String) PRIMARY KEY a SOURCE(FILE(path '/etc/passwd' format 'LineAsString')) LAYOUT(FLAT()) LIFETIME(0)",
    "CREATE TABLE e (a String) ENGINE = Executable('id', TSV)",
    `CREATE TABLE d (a UInt8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local, path = '${out}/')`,
    "ATTACH TABLE a FROM '/etc' (a UInt8) ENGINE = MergeTree ORDER BY a",
    'SYSTEM SHUTDOWN',
    'SYSTEM KILL',
    "BACKUP TABLE facts TO File('../../../outside')",
  ]
  for (const user of ['analyst', 'milepost'] as const)
    for (const statement of user === 'analyst' ? reaching : [...reaching, ...writing])
      test(`${user}: ${statement.slice(0, 70)}`, async () => {
        const { status, text } = await ask(statement, { user })
        assert.notEqual(status, 200, text)
        assert.ok(!text.includes('root:'), text)
        assert.ok(!existsSync(out))
      })
  test('a backup goes to its folder, and comes back', async () => {
    await read("BACKUP TABLE facts TO File('facts.backup')")
    assert.ok(existsSync(join(gateway.data, 'backups', 'facts.backup')))
    await read("RESTORE TABLE facts AS copy FROM File('facts.backup')")
    assert.equal(await read('SELECT s FROM copy'), 'one')
  })
})

suite('GET changes nothing', () => {
  test('not even for milepost', async () => {
    const url = (query: string) => ({ method: 'GET', url: { query } })
    assert.equal(await read('', url('SELECT a FROM facts')), '1')
    for (const query of ['DROP TABLE facts', "INSERT INTO facts VALUES (9, 'x')", 'TRUNCATE TABLE facts'])
      assert.match((await ask('', url(query))).text, /READONLY/)
    assert.equal(await read('SELECT count() FROM facts'), '1')
  })
})
