import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { EmbeddedLog } from '../../../streams/log/embedded/embedded.ts'
import { type Log, LogUnavailable } from '../../../streams/log/log.ts'
import type { Instant } from '../../../streams/time.ts'
import { contract, type Installation, TOPICS } from './contract.ts'
import { leases } from './leases.ts'

const newDirectory = () => mkdtempSync(join(tmpdir(), 'milepost-log-'))

/** One process of several: owners are told apart by what they call themselves. */
const open = (directory: string, owner: string, now: () => number = Date.now) =>
  new EmbeddedLog({ directory, topics: TOPICS, owner, now })

const install = (): Promise<Installation> => {
  const directory = newDirectory()
  const owners = new Map<Log, string>()
  return Promise.resolve({
    // Process 1 lives, and leading zeros tell its namesakes apart; a pid that is not in use is a process that died.
    open: () => {
      const owner = `${'0'.repeat(owners.size)}1@`
      const log = open(directory, owner)
      owners.set(log, owner)
      return Promise.resolve(log)
    },
    kill: async log => {
      const db = new DatabaseSync(join(directory, 'milepost.sqlite'))
      db.prepare("UPDATE tasks SET owner = '999999999@' WHERE owner = ?").run(owners.get(log) ?? '')
      db.close()
      await log.close()
    },
    remove: () => {
      rmSync(directory, { recursive: true })
      return Promise.resolve()
    },
  })
}

contract('embedded', install)
leases('embedded', install)

test('whoever looks does not wait for a writer, though it be frozen', async () => {
  const directory = newDirectory()
  await open(directory, '1@').close()
  const frozen = new DatabaseSync(join(directory, 'milepost.sqlite'))
  frozen.exec('BEGIN IMMEDIATE')
  const since = performance.now()
  const log = open(directory, '01@')
  assert.deepEqual(await log.bounds('a', 0), { start: 0, end: 0 })
  assert.ok(performance.now() - since < 5_000, 'it waited for the writer')
  await log.close()
  frozen.close()
  rmSync(directory, { recursive: true })
})

test('old batches that everyone has read can be let go of; offsets stay', async () => {
  const directory = newDirectory()
  let now = 1_000
  const log = open(directory, '1@', () => now)
  const append = (text: string) =>
    log.append([{ topic: 'b', partition: 0, key: 'k', value: Buffer.from(text), cause: null }])
  await append('x')
  await append('y')
  now = 2_000
  await append('z')
  assert.equal(await log.trim('b', 0, 2_000 as Instant, 1), 1)
  assert.deepEqual(await log.bounds('b', 0), { start: 1, end: 3 })
  assert.equal(await log.trim('b', 0, 2_000 as Instant, 3), 1)
  const left = await log.read('b', 0, 0, { records: 9, bytes: 99 })
  assert.deepEqual(
    left.map(({ offset }) => offset),
    [2],
  )
  await log.close()
  rmSync(directory, { recursive: true })
})

test('a batch that is to stay keeps all after it, though the wall clock went back', async () => {
  const directory = newDirectory()
  let now = 0
  const log = open(directory, '1@', () => now)
  for (now of [5, 1, 9])
    await log.append([{ topic: 'b', partition: 0, key: 'k', value: Buffer.from(`${now}`), cause: null }])
  assert.equal(await log.trim('b', 0, 4 as Instant, 3), 0)
  assert.deepEqual(await log.bounds('b', 0), { start: 0, end: 3 })
  await log.close()
  rmSync(directory, { recursive: true })
})

test('a key of more bytes than its length can say is refused', async () => {
  const directory = newDirectory()
  const log = open(directory, '1@')
  const append = (key: string) => log.append([{ topic: 'b', partition: 0, key, value: Buffer.from('x'), cause: null }])
  await assert.rejects(append('é'.repeat(32_768)), new RangeError('key of 65536 bytes: at most 65,535'))
  await append('k'.repeat(65_535))
  const [record] = await log.read('b', 0, 0, { records: 9, bytes: 99 })
  assert.equal(record?.key, 'k'.repeat(65_535))
  await log.close()
  rmSync(directory, { recursive: true })
})

test('what is committed is on the disk', async () => {
  const directory = newDirectory()
  const log = open(directory, '1@')
  const FULL = 2
  assert.deepEqual({ ...log.db.prepare('PRAGMA synchronous').get() }, { synchronous: FULL })
  await log.close()
  rmSync(directory, { recursive: true })
})

test('a log that another writer holds for too long can be tried again', async () => {
  const directory = newDirectory()
  const log = open(directory, '1@')
  log.db.exec('PRAGMA busy_timeout = 0')
  const other = new DatabaseSync(log.path)
  other.exec('BEGIN IMMEDIATE')
  const records = [{ topic: 'b', partition: 0, key: 'k', value: Buffer.from('x'), cause: null }]
  await assert.rejects(log.append(records), LogUnavailable)
  other.exec('ROLLBACK')
  await log.append(records)
  other.close()
  await log.close()
  rmSync(directory, { recursive: true })
})

test('a full disk refuses an append as a whole, and takes it when there is room', async () => {
  const directory = newDirectory()
  const log = open(directory, '1@')
  const { page_count: pages } = log.db.prepare('PRAGMA page_count').get() as { page_count: number }
  log.db.exec(`PRAGMA max_page_count = ${pages + 2}`)
  const large = { topic: 'b', partition: 0, key: 'k', value: Buffer.alloc(100_000), cause: null }
  await assert.rejects(log.append([large]), LogUnavailable)
  assert.deepEqual(await log.bounds('b', 0), { start: 0, end: 0 })
  log.db.exec(`PRAGMA max_page_count = ${pages + 1_000}`)
  await log.append([large])
  assert.deepEqual(await log.bounds('b', 0), { start: 0, end: 1 })
  await log.close()
  rmSync(directory, { recursive: true })
})

const refuses = (what: string, prepare: (directory: string) => void, reason: RegExp) => {
  void test(`a data directory is refused that ${what}`, () => {
    const directory = newDirectory()
    prepare(directory)
    assert.throws(() => open(directory, 'x'), reason)
    rmSync(directory, { recursive: true })
  })
}

refuses(
  'holds files of somebody else',
  directory => {
    writeFileSync(join(directory, 'thesis.doc'), '')
  },
  /not a data directory of Milepost/,
)
refuses(
  'holds a damaged file',
  directory => {
    writeFileSync(join(directory, 'milepost.sqlite'), 'x'.repeat(5_000))
  },
  /damaged or no database/,
)
refuses(
  'holds the database of another program',
  directory => {
    const db = new DatabaseSync(join(directory, 'milepost.sqlite'))
    db.exec('CREATE TABLE songs (title TEXT)')
    db.close()
  },
  /of another program/,
)
refuses(
  'was written by a newer release',
  directory => {
    const log = open(directory, 'x')
    log.db.exec('PRAGMA user_version = 999')
    log.db.close()
  },
  /newer release/,
)
