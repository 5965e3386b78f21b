/** What Milepost refuses to start with: it says why, and touches nothing. */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, test, type TestContext } from 'node:test'
import { DEMO_WORLD } from '../../app/config.ts'
import { UNRECOVERABLE } from '../../app/supervise.ts'
import { childrenOf } from '../../tools/chaos/processes.ts'
import { installation, until } from '../support/installation.ts'
import { positions } from '../support/positions.ts'

/** Somebody else's server; it counts who comes and answers nobody. */
async function another(t: TestContext, port: number): Promise<{ visits: number; server: Server }> {
  const its = { visits: 0, server: createServer(socket => void (its.visits++, socket.destroy())) }
  its.server.listen(port, '127.0.0.1')
  await once(its.server, 'listening')
  t.after(() => its.server.close())
  return its
}
const isFree = async (port: number): Promise<boolean> => {
  const server = createServer()
  const free = await new Promise<boolean>(resolve =>
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)),
  )
  if (free) await new Promise(resolve => server.close(resolve))
  return free
}

test('a data directory that has shown the demo, beside an Odoo of one’s own: its trucks’ cases would go there', async t => {
  const { at, launch } = await installation(t)
  mkdirSync(at.data, { recursive: true })
  writeFileSync(join(at.data, DEMO_WORLD), '{}')
  const odoo = {
    MILEPOST_ODOO_URL: 'http://127.0.0.1:9',
    MILEPOST_ODOO_DATABASE: 'lab',
    MILEPOST_ODOO_API_KEY: 'k'.repeat(40),
  }
  for (const target of ['all', 'sinks'] as const) {
    const program = launch(target, odoo)
    const { code } = await program.ended
    assert.equal(code, UNRECOVERABLE)
    assert.match(program.stderr, /demo\.json: this data directory has shown the demo.*MILEPOST_DATA/)
  }
  assert.deepEqual(readdirSync(at.data), [DEMO_WORLD], 'nothing was touched')
})

suite('a port in use', () => {
  for (const target of ['all', 'ingest'] as const)
    test(`of HTTP, target ${target}: it ends, says what to do, and leaves the port to its owner`, async t => {
      const { at, launch } = await installation(t)
      const other = await another(t, at.httpPort)
      const program = launch(target)
      const { code } = await program.ended
      assert.equal(code, UNRECOVERABLE)
      assert.match(program.stderr, new RegExp(`${at.httpPort}.*MILEPOST_HTTP_PORT`))
      assert.equal(other.visits, 0)
      assert.ok(await isFree(at.clickhousePort), 'what was started beside it is gone')
      assert.ok(!existsSync(join(at.data, 'tokens.json')), 'the first token is made where it is shown')
    })

  test('of ClickHouse: it says so, everything else goes on, and it catches up once the port is free', async t => {
    const { at, launch, up, post, caughtUp } = await installation(t)
    const other = await another(t, at.clickhousePort)
    await up('ingest')
    launch('processors')
    const sinks = launch('sinks')
    await until('it says so', () => sinks.stderr.includes(`port ${at.clickhousePort} of 127.0.0.1 is in use`))
    assert.equal((await post(positions('v', 0, 10))).status, 200)
    other.server.close()
    await caughtUp()
    const clickhouse = await at.clickhouse()
    t.after(() => clickhouse.close())
    assert.deepEqual(await clickhouse.query('SELECT count() AS n FROM vehicle_positions FINAL'), [{ n: '10' }])
  })
})

suite('a data directory that is not ours', () => {
  const contentsOf = (directory: string) =>
    readdirSync(directory).map(name => [name, hash('sha256', readFileSync(join(directory, name)))])

  const refused = (name: string, prepare: (data: string) => void, reason: RegExp) =>
    void test(name, async t => {
      const { at, launch } = await installation(t)
      mkdirSync(at.data)
      prepare(at.data)
      const before = contentsOf(at.data)
      for (const target of ['all', 'sinks'] as const) {
        const program = launch(target)
        const { code } = await program.ended
        assert.equal(code, UNRECOVERABLE, target)
        assert.match(program.stderr, reason, target)
        assert.deepEqual(contentsOf(at.data), before, `${target} changes nothing`)
      }
    })

  refused(
    'somebody’s files',
    data => writeFileSync(join(data, 'thesis.txt'), 'years of work'),
    /is not a data directory of Milepost: it holds thesis\.txt.*MILEPOST_DATA/,
  )
  refused(
    'another program’s database',
    data => {
      const db = new DatabaseSync(join(data, 'milepost.sqlite'))
      db.exec('CREATE TABLE letters (text TEXT); INSERT INTO letters VALUES (1)')
      db.close()
    },
    /milepost\.sqlite is a database of another program/,
  )
  refused(
    'no database at all',
    data => writeFileSync(join(data, 'milepost.sqlite'), 'x'.repeat(8_192)),
    /milepost\.sqlite is damaged or no database: restore a backup/,
  )
})

test('a data directory that was damaged: it ends and says so, and what is left of it is not overwritten', async t => {
  const { at, launch, up, post } = await installation(t)
  const first = await up('ingest')
  assert.equal((await post(positions('v', 0, 5_000))).status, 200)
  await first.stop()
  const path = join(at.data, 'milepost.sqlite')
  const { size } = statSync(path)
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(size - 4_096, 0xab), 0, size - 4_096, 4_096)
  closeSync(file)
  const before = readFileSync(path)
  const program = launch('all')
  const { code } = await program.ended
  assert.ok(code !== 0 && code !== null)
  assert.match(program.stderr, /is damaged or no database: restore a backup/)
  assert.ok(readFileSync(path).equals(before))
})

test('without a terminal or a supervisor it runs on; a Ctrl-C that comes twice ends it in order', async t => {
  const { up } = await installation(t)
  const program = await up('all', {}, ['sh', '-c', 'exec "$0" "$@" </dev/null'])
  await until('its processes run', () => childrenOf(program.pid).length === 3)
  program.signal('SIGINT')
  await new Promise(resolve => setTimeout(resolve, 20))
  program.signal('SIGINT')
  assert.deepEqual(await program.ended, { code: 0, signal: null })
})

test('whoever but looks at an installation makes none', async t => {
  const { at } = await installation(t)
  for (const args of [
    ['follow', 'S-1'],
    ['dead-letters', 'list'],
    ['replay', 'clickhouse/refused'],
  ]) {
    const { code, stderr } = await at.command(args)
    assert.equal(code, UNRECOVERABLE, stderr)
    assert.match(stderr, /there is no \S+milepost\.sqlite: start Milepost/)
  }
  const { code, stdout } = await at.command(['doctor'])
  assert.equal(code, 1)
  assert.match(stdout, /^BAD {2}data directory/m)
  assert.ok(!existsSync(at.data))
})

test('settings that make no sense: all of them named at once', async t => {
  const { launch } = await installation(t)
  const program = launch('all', { MILEPOST_HTTP_PORT: '99999', MILEPOST_TIME: 'sometimes', MILEPOST_COLOUR: 'red' })
  const { code } = await program.ended
  assert.equal(code, UNRECOVERABLE)
  assert.match(program.stderr, /MILEPOST_HTTP_PORT/)
  assert.match(program.stderr, /MILEPOST_TIME/)
  assert.match(program.stderr, /MILEPOST_COLOUR/)
})
