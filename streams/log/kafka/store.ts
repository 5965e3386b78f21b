/**
 * The state of this process's tasks on its own disk: what the changelogs say up to a position, so that a restart reads
 * only their tails. It can always be made again. One file a process, locked as long as the process lives; the file also
 * is who the process is to the brokers, so that a process that comes back finds its tasks and their state together.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Checkpoint, LogRefused, type StateReader } from '../log.ts'
import { BUSY, errorCode, explained } from '../state/errors.ts'
import { stateReader } from '../state/reader.ts'
import { STATE_TABLES } from '../state/tables.ts'
import { transact } from '../state/transact.ts'
import { type WholeState, wholeState } from '../state/whole.ts'
import { StateWriter } from '../state/writer.ts'
import type { Changes } from './changelog.ts'

const LAYOUT = 1
const MOST_FILES = 1_000
/** CORRUPT and NOTADB (sqlite.org/rescode.html). */
const DAMAGED: readonly (number | undefined)[] = [11, 26]
const TABLES = `
  CREATE TABLE about (member TEXT NOT NULL, log TEXT NOT NULL);
  CREATE TABLE tasks (id INTEGER PRIMARY KEY, task TEXT NOT NULL UNIQUE, position INTEGER NOT NULL, asOf INTEGER NOT NULL, checkpoint TEXT);
  ${STATE_TABLES}
`

/** Where a changelog has been read up to. */
export interface Snapshot {
  readonly position: number
  /** When it was, by the wall clock, milliseconds. */
  readonly asOf: number
}

export class Store {
  readonly path: string
  /** Who has this file, to the group coordinators. */
  readonly member: string
  readonly #db: DatabaseSync
  readonly #writer: StateWriter
  readonly #ids = new Map<string, number>()
  readonly #moved

  private constructor(db: DatabaseSync, path: string, log: string) {
    this.#db = db
    this.path = path
    const about = db.prepare('SELECT member, log FROM about').get() as { member: string; log: string } | undefined
    // Of another log's tasks nothing holds here.
    if (about && about.log !== log) transact(db, () => clear(db))
    if (!about || about.log !== log) db.prepare('INSERT INTO about VALUES (?, ?)').run(randomUUID(), log)
    this.member = (db.prepare('SELECT member FROM about').get() as { member: string }).member
    this.#writer = new StateWriter(db)
    this.#moved = db.prepare('UPDATE tasks SET checkpoint = ?, position = ?, asOf = ? WHERE id = ?')
  }

  /** The first file of this name that no living process has: NAME-0.sqlite, NAME-1.sqlite, … `log` is the log's id. */
  static open(directory: string, name: string, log: string): Store {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    for (let n = 0; n < MOST_FILES; n++) {
      const path = join(directory, `${name}-${n}.sqlite`)
      const db = lockWhole(path)
      if (db) return new Store(db, path, log)
    }
    throw new LogRefused(`${directory} holds ${MOST_FILES} files ${name}-N.sqlite that other processes have`)
  }

  /** One that is forgotten at the end. */
  static inMemory(log: string): Store {
    const db = new DatabaseSync(':memory:')
    db.exec(TABLES)
    return new Store(db, ':memory:', log)
  }

  snapshotOf(task: string): Snapshot | undefined {
    return this.#db.prepare('SELECT position, asOf FROM tasks WHERE task = ?').get(task) as Snapshot | undefined
  }

  checkpointOf(task: string): Checkpoint | undefined {
    const row = this.#db.prepare('SELECT checkpoint FROM tasks WHERE task = ?').get(task) as
      { checkpoint: string | null } | undefined
    return row?.checkpoint == null ? undefined : (JSON.parse(row.checkpoint) as Checkpoint)
  }

  readerOf(task: string): StateReader {
    const reader = stateReader(this.#db, this.path, this.#idOf(task))
    return {
      load: key => this.#read(() => reader.load(key)),
      block: (key, list, at) => this.#read(() => reader.block(key, list, at)),
      nextBlock: (key, list, at, direction) => this.#read(() => reader.nextBlock(key, list, at, direction)),
      alarms: (until, limit) => this.#read(() => reader.alarms(until, limit)),
    }
  }

  wholeOf(task: string): WholeState {
    return wholeState(this.#db, this.path, this.#idOf(task))
  }

  /** What a changelog said up to a position, all of it or nothing; the checkpoint is the one that holds there. */
  apply(task: string, { state, alarms, checkpoint }: Changes, { position, asOf }: Snapshot): void {
    const id = this.#idOf(task)
    this.#whole(() => {
      this.#writer.change(id, state)
      this.#writer.setAlarms(id, alarms)
      this.#moved.run(checkpoint === undefined ? null : JSON.stringify(checkpoint), position, asOf, id)
    })
  }

  forget(task: string): void {
    const id = this.#idOf(task)
    this.#whole(() => {
      this.#writer.clear(id)
      this.#moved.run(null, 0, 0, id)
    })
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close()
  }

  #idOf(task: string): number {
    let id = this.#ids.get(task)
    if (id === undefined) {
      this.#db.prepare('INSERT INTO tasks (task, position, asOf) VALUES (?, 0, 0) ON CONFLICT DO NOTHING').run(task)
      id = (this.#db.prepare('SELECT id FROM tasks WHERE task = ?').get(task) as { id: number }).id
      this.#ids.set(task, id)
    }
    return id
  }

  #read<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw this.#told(error)
    }
  }

  #whole(work: () => void): void {
    try {
      transact(this.#db, work)
    } catch (error) {
      throw this.#told(error)
    }
  }

  /** A damaged file goes: whoever starts next makes it again. */
  #told(error: unknown): Error {
    const told = explained(error, this.path)
    if (!isDamaged(error) && !isDamaged(told.cause)) return told
    remove(this.path)
    return new LogRefused(`${this.path} was damaged: start again, it is made anew from the log`, { cause: error })
  }
}

const isDamaged = (error: unknown): boolean => DAMAGED.includes(errorCode(error))

function remove(path: string): void {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(path + end, { force: true })
}

/** As `lock`, with one that is damaged made anew. */
function lockWhole(path: string): DatabaseSync | undefined {
  try {
    return lock(path)
  } catch (error) {
    if (!isDamaged(error)) throw explained(error, path)
    remove(path)
    return lock(path)
  }
}

/** Open a file for this process alone; undefined: another has it. */
function lock(path: string): DatabaseSync | undefined {
  const db = new DatabaseSync(path)
  try {
    // Before the first look at the file: then the lock is kept from then on.
    db.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE')
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536')
    transact(db, () => {
      const layout = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
      if (layout === LAYOUT) return
      if (layout !== 0) drop(db)
      db.exec(`${TABLES}; PRAGMA user_version = ${LAYOUT}`)
    })
    return db
  } catch (error) {
    db.close()
    if (errorCode(error) === BUSY) return undefined
    throw error
  }
}

/** What another layout left: it can be made again. */
function drop(db: DatabaseSync): void {
  for (const { name } of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[])
    db.exec(`DROP TABLE ${name}`)
}

function clear(db: DatabaseSync): void {
  for (const table of ['about', 'tasks', 'state', 'blocks', 'alarms']) db.exec(`DELETE FROM ${table}`)
}
