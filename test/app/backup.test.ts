/** Backup and restore of the log, and every backup that is refused. With all that runs: test/system/backup.test.ts. */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { type Manifest, readManifest } from '../../app/backup/manifest.ts'
import { putBack } from '../../app/backup/put-back.ts'
import { BackupRefused } from '../../app/backup/refused.ts'
import { Renumbering } from '../../app/backup/renumbering.ts'
import { takeBackup } from '../../app/backup/take-backup.ts'
import { type Config, loadConfig } from '../../app/config.ts'
import { openAppender, openExistingLog, openLog } from '../../app/open-log.ts'
import { LAYOUT } from '../../streams/log/embedded/file.ts'
import { Moment } from '../../streams/log/embedded/moment.ts'
import { type Checkpoint, LogRefused, NOTHING_YET, type Outgoing } from '../../streams/log/log.ts'
import type { Instant } from '../../streams/time.ts'

const EXTERNAL = { MILEPOST_CLICKHOUSE_URL: 'http://user:secret@clickhouse.example:8123' }
const TOPIC = 'telematics.position.v1'
const records = (count: number, bytes = 20): Outgoing[] =>
  [0, 1].flatMap(partition =>
    Array.from({ length: count }, () => ({
      ...{ topic: TOPIC, partition, key: 'v', cause: null, value: Buffer.alloc(bytes) },
    })),
  )

interface Place {
  readonly root: string
  /** Of a data directory here. */
  readonly config: (name: string, env?: Readonly<Record<string, string>>) => Config
  readonly path: (name: string) => string
}
function place(t: Pick<TestContext, 'after'>): Place {
  const root = mkdtempSync(join(tmpdir(), 'milepost-backup-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const path = (name: string) => join(root, name)
  const config = (name: string, env: Readonly<Record<string, string>> = EXTERNAL) =>
    loadConfig({ MILEPOST_CONFIG: path('no such file'), MILEPOST_DATA: path(name), ...env })
  return { root, config, path }
}

/** A log that holds something, closed. */
async function filled(config: Config, more: readonly Outgoing[] = []): Promise<string> {
  const log = openLog(config)
  await log.append([...records(5), ...more])
  await log.close()
  return log.id
}

const commitTo = async (log: ReturnType<typeof openLog>, task: string, checkpoint: Checkpoint) => {
  const held = await log.claim(task)
  const tx = await held.begin()
  await tx.setAlarms([{ key: 'SHP-1', at: 1_000 as Instant }])
  await tx.checkpoint(checkpoint)
  await tx.commit()
}

test('while others write, the copy is of one moment, and it comes to an end', async t => {
  const { config, path } = place(t)
  const before = config('data')
  // More than is copied in one go.
  await filled(before, Array.from({ length: 30 }, () => records(10, 50_000)).flat())
  const own = openLog(before)
  const appender = openAppender(before, own)
  t.after(async () => {
    await appender.close()
    await own.close()
  })
  const over = new AbortController()
  let written = 0
  const writing = (async () => {
    for (; !over.signal.aborted; written++) await appender.append(records(1))
  })()
  while (written < 20) await new Promise(resolve => setImmediate(resolve))
  const reports: number[] = []
  const atLeast = written
  const { manifest } = await takeBackup(before, path('backup'), (done, of) => reports.push(done / of))
  const atMost = written
  over.abort()
  await writing

  assert.ok(reports.length > 3, 'its progress is told')
  assert.deepEqual(
    reports,
    reports.toSorted((a, b) => a - b),
  )
  assert.equal(reports.at(-1), 1)
  const after = config('restored')
  await putBack(after, path('backup'))
  const log = openExistingLog(after)
  t.after(() => log.close())
  const [one, other] = [(await log.bounds(TOPIC, 0)).end, (await log.bounds(TOPIC, 1)).end]
  assert.equal(one, other, 'what was appended as one is there as one')
  assert.ok(one - 305 >= atLeast && one - 305 <= atMost, `${atLeast} ≤ ${one - 305} ≤ ${atMost}`)
  assert.equal(log.db.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok')
  assert.equal(manifest.clickhouse.kind === 'external' && manifest.clickhouse.at, 'http://clickhouse.example:8123')
  assert.doesNotMatch(readFileSync(join(path('backup'), 'manifest.json'), 'utf8'), /secret/)
})

test('where a copy counts from 0 without gaps, an offset becomes the number of the records before it', () => {
  const offsets = fc.uniqueArray(fc.nat(40)).map(all => all.toSorted((a, b) => a - b))
  fc.assert(
    fc.property(offsets, fc.array(fc.nat(45)), (copied, wanted) => {
      const renumbering = new Renumbering(wanted)
      for (const offset of copied) renumbering.pass(offset)
      for (const one of wanted) assert.equal(renumbering.of(one), copied.filter(offset => offset < one).length)
    }),
  )
})

test('a restored log is another log, nobody owns its tasks, and what tasks had committed is there', async t => {
  const { config, path } = place(t)
  const before = config('data')
  const log = openLog(before)
  t.after(() => log.close())
  const reached = { ...NOTHING_YET, offsets: { [`${TOPIC}/0`]: 3 } }
  const intent = { token: 't', ranges: { [`${TOPIC}/0`]: [3, 5] as const }, excluded: [] }
  await commitTo(log, 'raise-cases/0', reached)
  await commitTo(log, 'clickhouse/cases', { ...reached, intent })
  writeFileSync(join(before.data, 'tokens.json'), '[]')
  await takeBackup(before, path('backup'))
  const first = await putBack(config('one'), path('backup'))
  const second = await putBack(config('two'), path('backup'))
  assert.equal(new Set([log.id, first.logId, second.logId]).size, 3)

  const restored = openExistingLog(config('one'))
  t.after(() => restored.close())
  assert.equal(restored.id, first.logId)
  assert.deepEqual(await restored.checkpointOf('raise-cases/0'), reached)
  assert.deepEqual(
    await restored.checkpointOf('clickhouse/cases'),
    { ...reached, offsets: {}, intent: null },
    'of a ClickHouse that is not in the backup nobody knows what it holds: its sinks start over',
  )
  for (const task of ['raise-cases/0', 'clickhouse/cases'])
    assert.ok((await log.isOwned(task)) && !(await restored.isOwned(task)), task)
  const held = await restored.claim('raise-cases/0')
  assert.deepEqual(held.state.alarms(2_000 as Instant, 9), [{ key: 'SHP-1', at: 1_000 }])
  assert.deepEqual(readdirSync(config('two').data).sort(), ['milepost.sqlite', 'tokens.json'])
  for (const name of readdirSync(path('backup')))
    assert.equal(statSync(join(path('backup'), name)).mode & 0o077, 0, `${name} is its owner’s alone`)
})

suite('a moment', () => {
  test('is one at which no batch is on its way, and nobody commits meanwhile', async t => {
    const { config } = place(t)
    const log = openLog(config('data'))
    t.after(() => log.close())
    const under = { ...NOTHING_YET, intent: { token: 't', ranges: {}, excluded: [] } }
    await commitTo(log, 'clickhouse/cases', under)
    let settled = false
    const moment = Moment.of(config('data').data, {
      when: checkpointOf => checkpointOf('clickhouse/cases')?.intent === null,
      patienceMs: 60_000,
      meanwhile: async () => {
        assert.ok(settled, 'not before the batch is through')
        log.db.exec('PRAGMA busy_timeout = 0')
        await assert.rejects(log.append(records(1)), { name: 'LogUnavailable' })
      },
    })
    await new Promise(resolve => setTimeout(resolve, 30))
    settled = true
    await commitTo(log, 'clickhouse/cases', NOTHING_YET)
    const taken = await moment
    t.after(() => taken.close())
    await log.append(records(1))
    await commitTo(log, 'clickhouse/cases', under)
    assert.equal(taken.checkpointOf('clickhouse/cases')?.intent, null, 'what comes later is not of it')
  })

  test('comes all the same after so long, and one that fails holds nobody up', async t => {
    const { config } = place(t)
    const log = openLog(config('data'))
    t.after(() => log.close())
    const meanwhile = () => Promise.reject(new Error('no'))
    await assert.rejects(
      Moment.of(config('data').data, { when: () => false, patienceMs: 20, meanwhile }),
      /^Error: no$/,
    )
    log.db.exec('PRAGMA busy_timeout = 0')
    await log.append(records(1))
  })
})

suite('no backup is made', () => {
  test('into a directory that is not empty, or of the data directory', async t => {
    const { config, path } = place(t)
    await filled(config('data'))
    mkdirSync(path('old'))
    writeFileSync(join(path('old'), 'thesis.txt'), '')
    await assert.rejects(takeBackup(config('data'), path('old')), /old is not empty, it holds thesis\.txt/)
    await assert.rejects(takeBackup(config('data'), path('data/backup')), /lies in the data directory/)
    assert.deepEqual(readdirSync(path('old')), ['thesis.txt'])
  })

  test('where there is no log, and nothing is made there', async t => {
    const { config, path } = place(t)
    await assert.rejects(takeBackup(config('data'), path('backup')), LogRefused)
    assert.deepEqual(readdirSync(path('')), [])
  })

  test('of a damaged log', async t => {
    const { config, path } = place(t)
    await filled(config('data'), records(2_000))
    const file = join(config('data').data, 'milepost.sqlite')
    const bytes = readFileSync(file)
    for (let page = 20; page < 38; page++) bytes.fill(0x55, page * 4_096, page * 4_096 + 2_000)
    writeFileSync(file, bytes)
    await assert.rejects(takeBackup(config('data'), path('backup')), /is damaged .*restore/)
  })

  test('where the embedded ClickHouse does not answer', async t => {
    const { config, path } = place(t)
    await filled(config('data'))
    const embedded = config('data', { MILEPOST_CLICKHOUSE_PORT: '1' })
    await assert.rejects(takeBackup(embedded, path('backup')), /embedded ClickHouse does not answer.*start Milepost/)
    assert.ok(!existsSync(path('backup')) && !existsSync(join(embedded.data, 'clickhouse-password')))
  })

  test('that is broken off: nothing of it is left', async t => {
    const { config, path } = place(t)
    await filled(config('data'))
    const stop = new AbortController()
    const half = () => stop.abort(new Error('enough'))
    await assert.rejects(takeBackup(config('data'), path('backup'), half, stop.signal), /enough/)
    assert.deepEqual(readdirSync(path('backup')), [])
  })
})

suite('refused, and nothing is left in the data directory:', () => {
  const file = 'milepost.sqlite'
  const sealed = (directory: string, manifest: object) => {
    const sha256 = hash('sha256', JSON.stringify(manifest), 'hex')
    writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ sha256, manifest }))
  }
  const change = (directory: string, how: (manifest: Manifest) => object) => {
    const manifest = readManifest(directory)
    sealed(directory, { ...manifest, ...how(manifest) })
  }
  const embedded = (...migrations: readonly object[]) => ({
    clickhouse: { kind: 'embedded', migrations, links: [], leftOut: [], unsettled: [] },
  })
  const cases: readonly (readonly [string, (directory: string) => void, RegExp])[] = [
    ['half a backup', d => rmSync(join(d, 'manifest.json')), /is no backup, or one that was broken off/],
    ['a file that is missing', d => rmSync(join(d, file)), /damaged: milepost\.sqlite is missing/],
    ['a file cut off', d => writeFileSync(join(d, file), 'x'), /damaged: milepost\.sqlite has 1 bytes instead of \d+/],
    [
      'one byte that is another',
      d => {
        const bytes = readFileSync(join(d, file))
        bytes[5_000] = (bytes[5_000] ?? 0) ^ 1
        writeFileSync(join(d, file), bytes)
      },
      /damaged: milepost\.sqlite is not what was written/,
    ],
    ['a manifest cut off', d => writeFileSync(join(d, 'manifest.json'), '{"sha'), /damaged: .*is not JSON/],
    [
      'a manifest that was changed',
      d => {
        const text = readFileSync(join(d, 'manifest.json'), 'utf8')
        writeFileSync(join(d, 'manifest.json'), text.replace(/"takenAt": "20/, '"takenAt": "19'))
      },
      /damaged: .*is not as it was written/,
    ],
    [
      'a path that leads out of it',
      d => change(d, ({ files }) => ({ files: files.map(each => ({ ...each, path: `a/../../${each.path}` })) })),
      /damaged: .*can't be understood: files\.0\.path/,
    ],
    [
      'a backup in a newer format',
      d => sealed(d, { format: 2, release: '9.9.9', whatever: true }),
      /made by a newer release of Milepost \(9\.9\.9, this is .*format 2 is not known/,
    ],
    [
      'a newer layout of the log',
      d => change(d, ({ log }) => ({ log: { ...log, layout: LAYOUT + 1 } })),
      /newer release.*layout of the log \(2\) is not known/,
    ],
    [
      'a newer ClickHouse',
      d => change(d, () => embedded({ number: 999, name: '0999_later', checksum: '' })),
      /newer release.*migration of ClickHouse 0999_later/,
    ],
    [
      'the embedded ClickHouse where another is set',
      d => change(d, () => embedded()),
      /MILEPOST_CLICKHOUSE_URL names http:\/\/clickhouse\.example:8123: restore without it/,
    ],
  ]
  for (const [what, damage, reason] of cases)
    test(what, async t => {
      const { config, path } = place(t)
      await filled(config('data'))
      await takeBackup(config('data'), path('backup'))
      damage(path('backup'))
      await assert.rejects(putBack(config('restored'), path('backup')), (error: unknown) => {
        assert.ok(error instanceof BackupRefused, String(error))
        assert.match(error.message, reason)
        return true
      })
      const left = existsSync(path('restored')) ? readdirSync(path('restored')) : []
      assert.deepEqual(left, [])
    })
})

test('nothing is restored over something, nor does anything start in half a restore', async t => {
  const { config, path } = place(t)
  const id = await filled(config('data'))
  await takeBackup(config('data'), path('backup'))
  await assert.rejects(putBack(config('data'), path('backup')), /data is not empty, it holds milepost\.sqlite/)
  const log = openExistingLog(config('data'))
  assert.equal(log.id, id)
  await log.close()

  const half = config('half')
  mkdirSync(join(half.data, 'restoring'), { recursive: true })
  await assert.rejects(putBack(half, path('backup')), /half of a restore that was broken off/)
  assert.throws(() => openLog(half), /is not a data directory of Milepost: it holds restoring/)
  rmSync(join(half.data, 'restoring'), { recursive: true })
  writeFileSync(join(half.data, 'milepost.yaml'), '')
  await putBack(half, path('backup'))
  assert.deepEqual(readdirSync(half.data).sort(), ['milepost.sqlite', 'milepost.yaml'])
})
