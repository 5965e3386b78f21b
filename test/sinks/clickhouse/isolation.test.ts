/** What one request does is nothing to another: settings, sessions, turns, and queries whose client has left. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite, test } from 'node:test'
import { running, until } from './support.ts'

const { ask, read, processes } = await running()
const ENDLESS = 'SELECT sum(number) FROM numbers(1000000000000)'

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
    const leaving = new AbortController()
    const endless = Array.from({ length: 3 }, () => ask(ENDLESS, { signal: leaving.signal }))
    await until(async () => (await processes()) === 3, 'three run, and a fourth asks')
    leaving.abort()
    await Promise.allSettled(endless)
    assert.equal((await Promise.all(Array.from({ length: 30 }, () => read('SELECT 1')))).length, 30)
  })
  test('a session that the client names keeps its settings and temporary tables, for one request at a time', async () => {
    const url = { session_id: 'mine' }
    await read('CREATE TEMPORARY TABLE kept (a UInt8)', { url })
    await read('INSERT INTO kept VALUES (7)', { url })
    await read('SET max_threads = 1', { url })
    assert.equal(await read("SELECT a, getSetting('max_threads') FROM kept", { url }), '7\t1')
    assert.equal((await ask('SELECT a FROM kept')).status, 404)
    const slow = ask(ENDLESS, { url: { ...url, query_id: 'slow' } })
    await until(async () => (await processes()) === 1, 'it runs')
    assert.match((await ask('SELECT 1', { url })).text, /SESSION_IS_LOCKED/)
    await read("KILL QUERY WHERE query_id = 'slow'")
    await slow
    assert.equal(await read('SELECT 1', { url: { ...url, close_session: '1' } }), '1')
    assert.match((await ask('SELECT 1', { url: { ...url, session_check: '1' } })).text, /SESSION_NOT_FOUND/)
  })
  test('a query that did not get its session may be sent again under its id', async () => {
    const url = { session_id: 'none', query_id: 'again' }
    assert.match((await ask('SELECT 1', { url: { ...url, session_check: '1' } })).text, /SESSION_NOT_FOUND/)
    assert.equal(await read('SELECT 1', { url }), '1')
  })
  test('a session is kept as long as the client says, an hour at most', async () => {
    const url = { session_id: 'long', session_timeout: '4000000' }
    await read('CREATE TEMPORARY TABLE still_there (a UInt8)', { url })
    await sleep(50)
    assert.equal(await read('SELECT count() FROM still_there', { url }), '0')
    assert.equal((await ask('SELECT 1', { url: { ...url, session_timeout: 'soon' } })).status, 400)
  })
  test('what a request of a session sets by its URL ends with it', async () => {
    const url = { session_id: 'setting' }
    await read('SELECT 1', { url: { ...url, max_threads: '1' } })
    assert.notEqual(await read("SELECT getSetting('max_threads')", { url }), '1')
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
