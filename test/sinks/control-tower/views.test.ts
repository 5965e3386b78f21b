import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, test } from 'node:test'
import * as topics from '../../../schemas/topics.ts'
import { openReader, type ViewsReader, ViewsUnavailable } from '../../../sinks/control-tower/reader.ts'
import { shipmentWhole, versionOf } from '../../../sinks/control-tower/read-shipments.ts'
import { openViews, VIEWS_FILE } from '../../../sinks/control-tower/views.ts'
import { Unavailable } from '../../../streams/sink.ts'
import { at, milestone, plan, tell, writer } from './telling.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'milepost-views-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true })
})

const ids = (reader: ViewsReader) =>
  reader
    .snapshot(at => at.all<{ id: string }>('SELECT shipment_id AS id FROM shipments ORDER BY 1'))
    .map(({ id }) => id)

/** As after a kill -9: closed without saying so. `boot` is the run of the machine that had it open. */
function leftOpen(boot?: string): void {
  const db = new DatabaseSync(join(dir, VIEWS_FILE))
  if (boot !== undefined) db.prepare(`INSERT OR REPLACE INTO meta VALUES ('left_open_in', ?)`).run(boot)
  db.close()
}

async function filled(logId: string): Promise<void> {
  const views = openViews(dir, logId)
  views.filled('a')
  await writer(views)(tell(topics.shipmentPlans, plan('S-1')))
  views.close()
}
const reopened = (logId: string) => {
  const views = openViews(dir, logId)
  const fresh = !views.isFilled('a')
  views.close()
  const reader = openReader(dir)
  const found = ids(reader)
  reader.close()
  return { fresh, found }
}

describe('the file of the read model', () => {
  test('is to be filled by each sink until that has been rewound, also over restarts', () => {
    const first = openViews(dir, 'log-1')
    assert.equal(first.isFilled('a'), false)
    first.close()
    const again = openViews(dir, 'log-1')
    assert.equal(again.isFilled('a'), false, 'the program may have died before it had rewound the sink')
    again.filled('a')
    assert.deepEqual([again.isFilled('a'), again.isFilled('b')], [true, false])
    again.close()
    assert.equal(reopened('log-1').fresh, false)
  })

  test('keeps what it holds when it is of the same log', async () => {
    await filled('log-1')
    assert.deepEqual(reopened('log-1'), { fresh: false, found: ['S-1'] })
  })

  test('is emptied when the log is another one', async () => {
    await filled('log-1')
    assert.deepEqual(reopened('log-2'), { fresh: true, found: [] })
  })

  test('is emptied when its tables are of another version', async () => {
    await filled('log-1')
    const db = new DatabaseSync(join(dir, VIEWS_FILE))
    db.exec(`UPDATE meta SET value = '0' WHERE name = 'version'; DROP TABLE etas`)
    db.close()
    assert.deepEqual(reopened('log-1'), { fresh: true, found: [] })
  })

  test('outlives a kill -9, but not a power cut: that may have taken commits that the log counts as done', async () => {
    await filled('log-1')
    const views = openViews(dir, 'log-1')
    const boot = views.meta().get('left_open_in')
    views.close()
    leftOpen(boot)
    assert.deepEqual(reopened('log-1'), { fresh: false, found: ['S-1'] })
    leftOpen('another run of the machine')
    assert.deepEqual(reopened('log-1'), { fresh: true, found: [] })
  })

  test('is made anew when it is damaged, and readers follow', async () => {
    await filled('log-1')
    const reader = openReader(dir)
    assert.deepEqual(ids(reader), ['S-1'])
    for (const file of readdirSync(dir)) rmSync(join(dir, file))
    writeFileSync(join(dir, VIEWS_FILE), 'this is no database. '.repeat(500))
    assert.throws(() => ids(reader), ViewsUnavailable)
    const views = openViews(dir, 'log-1')
    assert.equal(views.isFilled('a'), false)
    await writer(views)(tell(topics.shipmentPlans, plan('S-2')))
    assert.deepEqual(ids(reader), ['S-2'])
    reader.close()
    views.close()
  })

  test('is thrown away when it turns out damaged while it is written to', async () => {
    const views = openViews(dir, 'log-1')
    const write = writer(views)
    const many = (prefix: string) =>
      tell(topics.shipmentPlans, ...Array.from({ length: 50 }, (_, i) => plan(`${prefix}${i}`)))
    await write(many('S-'))
    views.close()
    const again = openViews(dir, 'log-1')
    const path = join(dir, VIEWS_FILE)
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.fill(7, 2 * 4096))
    await assert.rejects(writer(again)(many('T-')), /malformed/)
    assert.equal(existsSync(path), false)
    again.close()
    const anew = openViews(dir, 'log-1')
    assert.equal(anew.isFilled('a'), false)
    anew.close()
  })

  test('a batch is written whole or not at all', async () => {
    const views = openViews(dir, 'log-1')
    const poison = { ...plan('S-2'), references: [{ scheme: 'po', value: null as unknown as string }] }
    await assert.rejects(writer(views)(tell(topics.shipmentPlans, plan('S-1'), poison)))
    const reader = openReader(dir)
    assert.deepEqual(ids(reader), [])
    await writer(views)(tell(topics.shipmentPlans, plan('S-1')))
    assert.deepEqual(ids(reader), ['S-1'])
    reader.close()
    views.close()
  })

  test('while another holds the file a batch is to come again', { timeout: 20_000 }, async () => {
    const views = openViews(dir, 'log-1')
    const other = new DatabaseSync(join(dir, VIEWS_FILE))
    other.exec('BEGIN IMMEDIATE')
    await assert.rejects(writer(views)(tell(topics.shipmentPlans, plan('S-1'))), Unavailable)
    other.exec('ROLLBACK')
    other.close()
    await writer(views)(tell(topics.shipmentPlans, plan('S-1')))
    views.close()
  })
})

describe('a reader', () => {
  test('is told that there is nothing yet', async () => {
    const reader = openReader(dir)
    assert.throws(() => ids(reader), ViewsUnavailable)
    writeFileSync(join(dir, VIEWS_FILE), '')
    assert.throws(() => ids(reader), ViewsUnavailable, 'the file has only just been made')
    await assert.rejects(versionOf(reader)('S-1'), ViewsUnavailable)
    const views = openViews(dir, 'log-1')
    assert.deepEqual(ids(reader), [])
    views.close()
    reader.close()
  })

  test('knows the version of a shipment that holds: the latest plan, of two of one moment the higher id', async () => {
    const views = openViews(dir, 'log-1')
    const reader = openReader(dir)
    const request = (iso: string, vehicleId: string) => ({ ...plan('S-1'), occurredAt: at(iso), vehicleId })
    const versions = [
      request('2026-03-01T06:00:00Z', 'A'),
      request('2026-03-01T07:00:00Z', 'B'),
      request('2026-03-01T07:00:00Z', 'C'),
    ]
    const told = versions.map(version => tell(topics.shipmentRequests, version))
    await writer(views)(...told)
    const higher = told
      .slice(1)
      .map(({ events }) => events[0]?.eventId ?? '')
      .sort()[1]
    assert.deepEqual(
      { ...(await versionOf(reader)('S-1')) },
      { plannedAt: at('2026-03-01T07:00:00Z'), contentHash: higher },
    )
    assert.equal(await versionOf(reader)('S-2'), undefined)
    reader.close()
    views.close()
  })

  test('in another process sees each batch whole while they are written', { timeout: 60_000 }, async () => {
    const views = openViews(dir, 'log-1')
    const write = writer(views)
    const both = (revision: number) =>
      tell(
        topics.shipmentPlans,
        plan('S-1', { revision, vehicleId: `V-${revision}` }),
        plan('S-2', { revision, vehicleId: `V-${revision}` }),
      )
    await write(both(1))
    const child = spawn(process.execPath, [join(import.meta.dirname, 'reading.ts'), dir], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
      assert.equal((await lines.next()).value, 'reading')
      for (let revision = 2; revision <= 400; revision++) await write(both(revision))
      child.stdin.end('400\n')
      const seen = JSON.parse((await lines.next()).value as string) as { torn: number; last: number; different: number }
      assert.equal(seen.torn, 0, 'one shipment of a batch without the other')
      assert.equal(seen.last, 400)
      assert.ok(seen.different > 1, 'it never read while something was written')
    } finally {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      views.close()
    }
  })

  test('finds a shipment delivered once it has left its last stop, whatever kind of stop that is', async () => {
    const views = openViews(dir, 'log-1')
    const reader = openReader(dir)
    const [first, last] = plan('S-1').stops
    assert.ok(first && last)
    const stops = [first, { ...last, kind: 'via' as const }]
    const left = milestone('S-1', last.stopId, 'departed_terminal', at('2026-03-01T18:00:00Z'))
    await writer(views)(tell(topics.shipmentPlans, plan('S-1', { stops })), tell(topics.shipmentMilestones, left))
    assert.equal(reader.snapshot(at => shipmentWhole(at, 'S-1'))?.standing.phase, 'delivered')
    reader.close()
    views.close()
  })

  test('does not find what was taken back', async () => {
    const views = openViews(dir, 'log-1')
    const reader = openReader(dir)
    await writer(views)(tell(topics.shipmentPlans, plan('S-1', { revision: 2, retracted: true }), plan('S-1')))
    assert.equal(
      reader.snapshot(at => shipmentWhole(at, 'S-1')),
      undefined,
    )
    reader.close()
    views.close()
  })
})
