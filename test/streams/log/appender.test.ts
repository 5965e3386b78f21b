/** Appends by a thread of its own, which answers for each of them. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { ThreadedAppender } from '../../../streams/log/embedded/appender.ts'
import { EmbeddedLog } from '../../../streams/log/embedded/embedded.ts'
import { LogUnavailable, type Outgoing } from '../../../streams/log/log.ts'
import { TOPICS } from './contract.ts'

const record = (key: string): Outgoing => ({ topic: 'b', partition: 0, key, value: Buffer.from('x'), cause: null })

function withAppender(t: TestContext): { log: EmbeddedLog; appender: ThreadedAppender } {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-log-'))
  const log = new EmbeddedLog({ directory, topics: TOPICS })
  const appender = new ThreadedAppender({ directory, topics: TOPICS })
  t.after(async () => {
    await appender.close()
    await log.close()
    rmSync(directory, { recursive: true })
  })
  return { log, appender }
}

/** Every append meets what a full disk gives it: SQLite says the same of a table that has no number left for a row. */
const fill = ({ db }: EmbeddedLog) =>
  db.exec(`
    CREATE TABLE numbers (n INTEGER PRIMARY KEY AUTOINCREMENT);
    INSERT INTO numbers VALUES (9223372036854775807);
    CREATE TRIGGER full BEFORE INSERT ON records BEGIN INSERT INTO numbers VALUES (NULL); END
  `)

test('what the thread has appended is in the log', async t => {
  const { log, appender } = withAppender(t)
  await Promise.all(['x', 'y', 'z'].map(key => appender.append([record(key)])))
  const records = await log.read('b', 0, 0, { records: 9, bytes: 99 })
  assert.deepEqual(
    records.map(({ key }) => key),
    ['x', 'y', 'z'],
  )
})

test('an append that the disk has no room for may be tried again', async t => {
  const { log, appender } = withAppender(t)
  fill(log)
  await assert.rejects(appender.append([record('x')]), LogUnavailable)
  log.db.exec('DROP TRIGGER full')
  await appender.append([record('y')])
  assert.deepEqual(await log.bounds('b', 0), { start: 0, end: 1 })
})

test('an append to a topic that is not there is no matter of trying again', async t => {
  const { appender } = withAppender(t)
  const failed = (error: unknown) => error instanceof Error && !(error instanceof LogUnavailable)
  await assert.rejects(appender.append([{ ...record('x'), topic: 'no such' }]), failed)
})

test('whoever still waits when the appender is closed is told', async t => {
  const { appender } = withAppender(t)
  const [waiting] = await Promise.allSettled([appender.append([record('x')]), appender.close()])
  assert.ok(waiting.status === 'fulfilled' || waiting.reason instanceof LogUnavailable)
  await assert.rejects(appender.append([record('y')]), LogUnavailable)
})
