/**
 * The one SQLite file of a data directory: log, state and offsets together, because a transaction over two attached
 * WAL files is not atomic. Records lie in rows of a batch each.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { LogRefused } from '../log.ts'
import { BUSY, errorCode, explained } from '../state/errors.ts'
import { STATE_TABLES } from '../state/tables.ts'
import { transact } from '../state/transact.ts'

/** "Milp": what PRAGMA application_id of our files says. */
const APPLICATION_ID = 0x4d_69_6c_70
/** Rises with every change to the tables that an older release can't read. */
export const LAYOUT = 1
export const FILE = 'milepost.sqlite'
const BUSY_MS = 10_000

const TABLES = `
  CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE topics (topic TEXT PRIMARY KEY, partitions INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE partitions (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, UNIQUE (topic, partition)
  );
  CREATE TABLE records (
    partition INTEGER NOT NULL, last INTEGER NOT NULL, first INTEGER NOT NULL, appendedAt INTEGER NOT NULL, batch BLOB NOT NULL,
    PRIMARY KEY (partition, last)
  ) WITHOUT ROWID;
  CREATE TABLE tasks (
    id INTEGER PRIMARY KEY, task TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL, owner TEXT, renewedAt INTEGER NOT NULL, checkpoint TEXT NOT NULL
  );
  ${STATE_TABLES}
`

export interface DataFile {
  readonly db: DatabaseSync
  /** Drawn when the file was made. */
  readonly logId: string
  readonly partitions: ReadonlyMap<string, number>
}

/**
 * Open the data directory's file, or make it, if it may be made. `topics` says how many partitions a topic gets when it is new; an
 * existing topic keeps what it has. Throws, with what to do, on a directory that is not ours, damaged, or newer.
 */
export function openDataFile(directory: string, topics: ReadonlyMap<string, number>, mayMake: boolean): DataFile {
  const path = join(directory, FILE)
  if (!existsSync(path)) {
    if (!mayMake)
      throw new LogRefused(`there is no ${path}: start Milepost there first, or say with MILEPOST_DATA where it is`)
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    refuseForeign(directory)
  }
  const db = openDatabase(path)
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`)
    // Before anything is written: even the change to WAL would be one to another program's database.
    refuseOthers(db, path)
    makeWal(db)
    db.exec(`PRAGMA synchronous = FULL;
             PRAGMA wal_autocheckpoint = 16000; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY`)
    // Writing only what is missing: whoever but looks does not wait for a writer, nor for one that is frozen.
    if (tablesOf(db) === 0) transact(db, () => prepare(db))
    if (lacks(db, topics)) transact(db, () => addTopics(db, topics))
    const partitions = partitionsOf(db)
    const { value: logId } = db.prepare("SELECT value FROM about WHERE name = 'log id'").get() as { value: string }
    return { db, logId, partitions }
  } catch (error) {
    db.close()
    throw explained(error, path)
  }
}

/** Whether somebody has the directory's file open: this process too, but for this look. */
export function isOpenElsewhere(directory: string): boolean {
  const path = join(directory, FILE)
  if (!existsSync(path)) return false
  const db = openDatabase(path)
  try {
    // Whoever has a file with a write-ahead log open holds a lock on it that this one does not go with.
    db.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE')
    transact(db, () => undefined)
    return false
  } catch (error) {
    if (errorCode(error) === BUSY) return true
    throw explained(error, path)
  } finally {
    db.close()
  }
}

function openDatabase(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path)
  } catch (error) {
    throw explained(error, path)
  }
}

/** Several processes may open a new file at once, and the change to WAL does not wait for a busy file by itself. */
function makeWal(db: DatabaseSync): void {
  for (const until = Date.now() + BUSY_MS; ;) {
    try {
      db.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (errorCode(error) !== BUSY || Date.now() > until) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}

/** A new data directory must be empty but for what Milepost itself puts there. */
function refuseForeign(directory: string): void {
  const ours = new Set([
    FILE,
    `${FILE}-wal`,
    `${FILE}-shm`,
    'clickhouse',
    'tokens.json',
    'views.sqlite',
    'clickhouse-password',
    'milepost.yaml',
  ])
  const foreign = readdirSync(directory).filter(
    name => !ours.has(name) && !name.startsWith('.') && !name.startsWith('views.sqlite'),
  )
  if (foreign.length > 0)
    throw new LogRefused(
      `${directory} is not a data directory of Milepost: it holds ${foreign.slice(0, 3).join(', ')} and no ${FILE}. Set MILEPOST_DATA to an empty or a new directory.`,
    )
}

function refuseOthers(db: DatabaseSync, path: string): void {
  const application = pragma(db, 'application_id')
  if (application !== APPLICATION_ID && (application !== 0 || tablesOf(db) > 0))
    throw new LogRefused(`${path} is a database of another program. Set MILEPOST_DATA to another directory.`)
  const layout = pragma(db, 'user_version')
  if (layout > LAYOUT)
    throw new LogRefused(
      `${path} was written by a newer release of Milepost (layout ${layout}, this one knows ${LAYOUT}).`,
    )
}

function prepare(db: DatabaseSync): void {
  if (tablesOf(db) > 0) return
  db.exec(TABLES)
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${LAYOUT}`)
  db.prepare("INSERT INTO about VALUES ('log id', ?)").run(randomBytes(16).toString('hex'))
}

const tablesOf = (db: DatabaseSync): number =>
  Number(db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'])

const pragma = (db: DatabaseSync, name: string): number =>
  Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])

function partitionsOf(db: DatabaseSync): Map<string, number> {
  const all = db.prepare('SELECT topic, partitions FROM topics').all() as { topic: string; partitions: number }[]
  return new Map(all.map(({ topic, partitions }) => [topic, partitions]))
}

function lacks(db: DatabaseSync, topics: ReadonlyMap<string, number>): boolean {
  const known = partitionsOf(db)
  return [...topics.keys()].some(topic => !known.has(topic))
}

function addTopics(db: DatabaseSync, topics: ReadonlyMap<string, number>): void {
  const add = db.prepare('INSERT INTO topics VALUES (?, ?) ON CONFLICT DO NOTHING')
  const addPartition = db.prepare(
    'INSERT INTO partitions (topic, partition, start, end) VALUES (?, ?, 0, 0) ON CONFLICT DO NOTHING',
  )
  for (const [topic, partitions] of topics) {
    if (Number(add.run(topic, partitions).changes) === 0) continue
    for (let partition = 0; partition < partitions; partition++) addPartition.run(topic, partition)
  }
}
