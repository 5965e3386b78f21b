/** The files of local state: one a process, found again by who comes back, made again when they are damaged. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { DatabaseSync } from 'node:sqlite'
import { LogRefused } from '../../../../streams/log/log.ts'
import { Store } from '../../../../streams/log/kafka/store.ts'

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-store-'))
  t.after(() => {
    rmSync(directory, { recursive: true })
  })
  return directory
}

const ROW = { key: 'k', list: 'l', at: 1, id: '', dense: false }
const apply = (store: Store, text: string) => {
  const state = [{ ...ROW, bytes: Buffer.from(text) }]
  store.apply('task', { state, alarms: [], checkpoint: undefined }, { position: 5, asOf: 7 })
}
const rows = (store: Store) =>
  store
    .readerOf('task')
    .load('k')
    .map(({ bytes }) => Buffer.from(bytes).toString())

void test('each process has a file of its own, and who comes back has the one it had', t => {
  const directory = folder(t)
  const [first, second] = [Store.open(directory, 's', 'log'), Store.open(directory, 's', 'log')]
  assert.notEqual(first.path, second.path)
  assert.notEqual(first.member, second.member)
  apply(first, 'one')
  first.close()
  const again = Store.open(directory, 's', 'log')
  assert.deepEqual([again.path, again.member], [first.path, first.member])
  assert.deepEqual({ ...again.snapshotOf('task') }, { position: 5, asOf: 7 })
  assert.deepEqual(rows(again), ['one'])
  const third = Store.open(directory, 's', 'log')
  assert.equal(new Set([again.path, second.path, third.path]).size, 3)
  for (const store of [again, second, third]) store.close()
})

void test('the file of a process that was killed is taken again, with who it was', async t => {
  const directory = folder(t)
  const module = JSON.stringify(join(import.meta.dirname, '../../../../streams/log/kafka/store.ts'))
  const program = `
    const { Store } = await import(${module})
    const store = Store.open(${JSON.stringify(directory)}, 's', 'log')
    const state = [{ ...${JSON.stringify(ROW)}, bytes: Buffer.from('one') }]
    store.apply('task', { state, alarms: [] }, { position: 5, asOf: 7 })
    console.log(store.member)
    setInterval(() => store, 1_000)`
  const process = spawn('node', ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [member] = (await once(process.stdout.setEncoding('utf8'), 'data')) as [string]
  const beside = Store.open(directory, 's', 'log')
  assert.notEqual(beside.member, member.trim())
  process.kill('SIGKILL')
  await once(process, 'close')
  const again = Store.open(directory, 's', 'log')
  assert.equal(again.member, member.trim())
  assert.deepEqual(rows(again), ['one'])
  beside.close()
  again.close()
})

void test('what is of another log is forgotten, and who had it is somebody else', t => {
  const directory = folder(t)
  const first = Store.open(directory, 's', 'log')
  apply(first, 'one')
  first.close()
  const other = Store.open(directory, 's', 'other log')
  assert.notEqual(other.member, first.member)
  assert.equal(other.snapshotOf('task'), undefined)
  assert.deepEqual(rows(other), [])
  other.close()
})

for (const [how, damage] of [
  ['no database', () => Buffer.from('this is no database at all, and long enough to be looked at'.repeat(20))],
  ['empty', () => Buffer.alloc(0)],
  ['cut short', (bytes: Buffer) => bytes.subarray(0, 5_000)],
  ['of another layout', undefined],
] as const)
  void test(`a file that is ${how} is made again`, t => {
    const directory = folder(t)
    const first = Store.open(directory, 's', 'log')
    apply(first, 'one')
    first.close()
    if (damage) writeFileSync(first.path, damage(readFileSync(first.path)))
    else {
      const db = new DatabaseSync(first.path)
      db.exec('PRAGMA user_version = 99')
      db.close()
    }
    const again = Store.open(directory, 's', 'log')
    assert.equal(again.path, first.path)
    assert.equal(again.snapshotOf('task'), undefined)
    apply(again, 'two')
    assert.deepEqual(rows(again), ['two'])
    again.close()
  })

void test('damage that is found while it is used ends the process, and the next makes the file again', t => {
  const directory = folder(t)
  const first = Store.open(directory, 's', 'log')
  const state = Array.from({ length: 2_000 }, (_, at) => ({ ...ROW, at, bytes: Buffer.alloc(200, 'x') }))
  first.apply('task', { state, alarms: [], checkpoint: undefined }, { position: 5, asOf: 7 })
  first.close()
  const bytes = readFileSync(first.path)
  bytes.fill(0xee, 9 * 4096)
  writeFileSync(first.path, bytes)
  const damaged = Store.open(directory, 's', 'log')
  assert.throws(
    () => damaged.readerOf('task').load('k'),
    (error: Error) => error instanceof LogRefused && error.message.includes('start again'),
  )
  assert.deepEqual(readdirSync(directory), [])
  damaged.close()
  const again = Store.open(directory, 's', 'log')
  assert.deepEqual(rows(again), [])
  apply(again, 'two')
  again.close()
})
