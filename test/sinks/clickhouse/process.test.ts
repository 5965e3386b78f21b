/** The gateway as a process: how it starts, refuses to, ends, and what it holds on to when it is killed. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs'
import { request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { spawnGateway } from '../../../sinks/clickhouse/gateway/spawn.ts'
import { password, running, temporaryFolder, until } from './support.ts'

const main = fileURLToPath(new URL('../../../sinks/clickhouse/gateway/main.ts', import.meta.url))
const start = (data: string, more: object = {}) =>
  spawnGateway({ data, port: 0, password, logLevel: 'silent', ...more })

/** What the engine itself wants to say on stderr belongs to no one here. */
const refused = async (starting: Promise<{ stop(): Promise<void> }>, reason: RegExp) => {
  await assert.rejects(
    starting.then(gateway => gateway.stop()),
    (error: Error) => {
      assert.match(error.message, reason)
      assert.ok(!error.message.includes('\n'), 'one line')
      return true
    },
  )
}

suite('refuses to start, in one line', () => {
  test('a directory of something else', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'letters.txt'), 'dear')
    await refused(start(folder), /is not a ClickHouse directory of Milepost: it holds letters\.txt/)
    assert.deepEqual(readdirSync(folder), ['letters.txt'])
  })
  test('a damaged mark, and one of another version', async () => {
    for (const mark of ['{"form', '{"format": 99}']) {
      const folder = temporaryFolder()
      writeFileSync(join(folder, 'gateway.json'), mark)
      await refused(start(folder), /gateway\.json is damaged or of another version/)
    }
  })
  test('a damaged database', async () => {
    const folder = join(temporaryFolder(), 'data')
    await (await start(folder)).stop()
    writeFileSync(join(folder, 'database', 'metadata', 'milepost.sql'), 'ATTACH NONSENSE')
    await refused(start(folder), /cannot be opened: it is damaged, or open in another process/)
  })
  test('a directory that another gateway has open', async () => {
    const first = await running()
    await refused(start(first.data), new RegExp(`is already open in process ${first.process.pid}`))
    assert.equal(await first.read('SELECT 1'), '1')
  })
  test('a port in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await refused(
      start(join(temporaryFolder(), 'data'), { port }),
      new RegExp(`port ${port} of 127\\.0\\.0\\.1 is in use`),
    )
    other.close()
  })
  test('a configuration that makes no sense, each key named', async () => {
    await refused(start('x', { port: -1, memoryBytes: 5, colour: 'red' }), /port: .*memoryBytes: .*colour/)
    await refused(start('x', { password: '' }), /password: /)
  })
  test('too few threads for its sessions', async () => {
    const config = JSON.stringify({ data: join(temporaryFolder(), 'd'), port: 0, password })
    const child = spawn(process.execPath, [main, config], {
      env: { PATH: process.env['PATH'], UV_THREADPOOL_SIZE: '4' },
    })
    const [words] = (await once(child.stderr, 'data')) as [Buffer]
    assert.match(words.toString(), /UV_THREADPOOL_SIZE must be at least 8/)
    const [code] = (await once(child, 'exit')) as [number]
    assert.equal(code, 1)
  })
})

suite('ends', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    test(`on ${signal}, with code 0, after the answers that are under way`, async () => {
      const gateway = await running()
      const slow = gateway.ask('SELECT sleep(1), 5')
      await until(async () => (await gateway.processes()) === 1, 'it runs')
      const gone = once(gateway.process, 'exit')
      gateway.process.kill(signal)
      const [code] = (await gone) as [number]
      assert.equal(code, 0)
      assert.equal((await slow).text, '0\t5\n')
    })
  test('when the process that started it is killed', async () => {
    const data = join(temporaryFolder(), 'data')
    const spawner = fileURLToPath(new URL('../../../sinks/clickhouse/gateway/spawn.ts', import.meta.url))
    const script = `const { spawnGateway } = await import(${JSON.stringify(spawner)})
      const gateway = await spawnGateway({ data: ${JSON.stringify(data)}, port: 0, password: 'x', logLevel: 'silent' })
      console.log(gateway.process.pid)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const child = Number(line.toString())
    assert.ok(isAlive(child))
    parent.kill('SIGKILL')
    for (let tries = 0; isAlive(child) && tries < 200; tries++) await sleep(50)
    assert.ok(!isAlive(child))
    await (await start(data)).stop()
  })
  test('nothing is said to the outside but that it is ready', async () => {
    const gateway = await running()
    assert.equal(gateway.url, `http://127.0.0.1:${gateway.port}`)
    assert.ok(!readFileSync(`/proc/${gateway.process.pid}/cmdline`, 'utf8').includes(password), 'arguments are public')
    assert.ok(!readFileSync(join(gateway.data, 'config.xml'), 'utf8').includes(password))
  })
})

test('ends with code 1 where it cannot serve', async () => {
  const { data } = await running()
  const config = JSON.stringify({ data, port: 0, password })
  const child = spawn(process.execPath, [main, config], { env: { ...process.env, UV_THREADPOOL_SIZE: '8' } })
  const [code] = (await once(child, 'exit')) as [number]
  assert.equal(code, 1)
})

suite('kill -9', () => {
  test('while inserts run: every acknowledged row is there, once, and the tokens still count', async () => {
    const data = join(temporaryFolder(), 'data')
    const table =
      'CREATE TABLE IF NOT EXISTS rows (batch UInt32, n UInt32) ENGINE = MergeTree ORDER BY (batch, n) SETTINGS non_replicated_deduplication_window = 1000'
    const size = 2000
    const rows = (batch: number) => Array.from({ length: size }, (_, n) => `${batch}\t${n}\n`).join('')
    const acknowledged = new Set<number>()
    let next = 0
    for (let round = 0; round < 3; round++) {
      const gateway = await running({ data })
      await gateway.read(table)
      const insert = async (batch: number) => {
        const url = { query: 'INSERT INTO rows FORMAT TSV', insert_deduplication_token: `batch-${batch}` }
        const { status, text } = await gateway.ask(rows(batch), { url })
        assert.equal(status, 200, text)
        acknowledged.add(batch)
      }
      // What was not acknowledged before the kill comes again, and so does what was.
      for (let batch = Math.max(0, next - 4); batch < next; batch++) await insert(batch)
      const counted = await gateway.read('SELECT batch, count(), uniqExact(n) FROM rows GROUP BY batch ORDER BY batch')
      assert.equal(counted, Array.from({ length: next }, (_, batch) => `${batch}\t${size}\t${size}`).join('\n'))
      const writing = Array.from({ length: 3 }, async () => {
        for (;;) {
          const batch = next++
          await insert(batch).catch((error: unknown) => {
            next = Math.max(next, batch + 1)
            throw error
          })
        }
      })
      const before = acknowledged.size
      while (acknowledged.size < before + 6) await sleep(5)
      const gone = once(gateway.process, 'exit')
      gateway.process.kill('SIGKILL')
      await Promise.allSettled([...writing, gone])
    }
    const gateway = await running({ data })
    for (const batch of acknowledged)
      assert.equal(
        await gateway.read(`SELECT count() FROM rows WHERE batch = ${batch}`),
        String(size),
        `batch ${batch}`,
      )
  })
  test('a power cut takes no acknowledged row: a part and its folder are written through', async () => {
    const { read } = await running()
    for (const name of ['fsync_after_insert', 'fsync_part_directory'])
      assert.equal(await read(`SELECT value FROM system.merge_tree_settings WHERE name = '${name}'`), '1', name)
  })
  test('an upload that is broken off leaves nothing in the spool', async () => {
    const { url, data, read } = await running()
    await read('CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY tuple()')
    const query = new URLSearchParams({ user: 'milepost', password, query: 'INSERT INTO t FORMAT LineAsString' })
    const asked = request(`${url}/?${String(query)}`, { method: 'POST' })
    asked.on('error', () => undefined)
    asked.write('x\n'.repeat(2_000_000))
    const spool = () => readdirSync(join(data, 'spool')).length
    for (let tries = 0; spool() === 0 && tries < 200; tries++) await sleep(20)
    assert.equal(spool(), 1)
    asked.destroy()
    for (let tries = 0; spool() > 0 && tries < 200; tries++) await sleep(20)
    assert.equal(spool(), 0)
    assert.equal(await read('SELECT count() FROM t'), '0')
  })
  test('leaves nothing in the spool once it runs again', async () => {
    const data = join(temporaryFolder(), 'data')
    await (await start(data)).stop()
    mkdirSync(join(data, 'spool'), { recursive: true })
    writeFileSync(join(data, 'spool', 'left-over'), 'rows')
    const gateway = await running({ data })
    assert.equal(existsSync(join(data, 'spool', 'left-over')), false)
    assert.equal(await gateway.read('SELECT 1'), '1')
  })
  test('tables of default and milepost survive a restart, and default is no window on the machine’s files', async () => {
    const data = join(temporaryFolder(), 'data')
    const before = await running({ data })
    for (const database of ['default', 'milepost']) {
      await before.read(`CREATE TABLE ${database}.kept (a UInt8) ENGINE = MergeTree ORDER BY a`)
      await before.read(`INSERT INTO ${database}.kept VALUES (1)`)
    }
    await before.stop()
    const after = await running({ data })
    assert.equal(await after.read('SELECT a FROM default.kept'), '1')
    assert.equal(await after.read('SELECT a FROM kept'), '1')
    assert.equal((await after.ask('SELECT * FROM default.`/etc/passwd`')).status, 404)
  })
})

suite('limits', () => {
  test('of the body, of the statement, of the memory', async () => {
    const gateway = await running({ maxBodyBytes: 1 << 20, maxStatementBytes: 10_000, memoryBytes: 400 << 20 })
    const { ask, read } = gateway
    await read('CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY tuple()')
    const insert = { url: { query: 'INSERT INTO t FORMAT LineAsString' } }
    const tooLarge = await ask('x'.repeat((1 << 20) + 1), insert)
    assert.equal(tooLarge.status, 413, tooLarge.text)
    assert.match(tooLarge.text, /TOO_MANY_BYTES/)
    assert.equal((await ask(`INSERT INTO t FORMAT LineAsString\n${'x'.repeat(1 << 20)}`)).status, 413)
    // Data is cut off where the statement must end, and put together again.
    const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}\n`).join('')
    await read(`INSERT INTO t FORMAT LineAsString\n${lines}`)
    assert.equal(await read('SELECT count(), uniqExact(a), max(length(a)) FROM t'), '5000\t5000\t9')
    assert.equal((await ask(`SELECT '${'x'.repeat(10_000)}'`)).status, 413)
    assert.equal((await ask('', { url: { query: `SELECT '${'x'.repeat(10_000)}'` } })).status, 413)
    const hungry = await ask('SELECT groupArray(number) FROM numbers(1000000000) FORMAT Null')
    assert.match(hungry.text, /MEMORY_LIMIT_EXCEEDED/)
    // A query may ask for more than its share, and meets the limit of all.
    const hungrier = await ask(
      'SELECT groupArray(number) FROM numbers(1000000000) SETTINGS max_memory_usage = 0 FORMAT Null',
    )
    assert.match(hungrier.text, /MEMORY_LIMIT_EXCEEDED/)
    assert.equal(await read('SELECT 1'), '1')
    assert.deepEqual(readdirSync(join(gateway.data, 'spool')), [])
  })
  test('of queries at once: readers never keep writers waiting', async () => {
    const { read, ask, processes } = await running({ sessions: 4 })
    const leaving = new AbortController()
    const reading = Array.from({ length: 6 }, () =>
      ask('SELECT count() FROM numbers(1000000000000)', { user: 'analyst', signal: leaving.signal }).catch(
        () => undefined,
      ),
    )
    await until(async () => (await processes()) === 2, 'two of them run')
    assert.equal(await read('SELECT 1'), '1')
    assert.equal(await processes(), 2)
    leaving.abort()
    await Promise.all(reading)
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
