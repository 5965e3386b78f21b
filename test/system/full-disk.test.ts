/**
 * A disk without room. As root on Linux it is a real one, a small tmpfs; elsewhere a limit on the size of files, which
 * SQLite meets in the same place.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readAll } from '../../app/read-topic.ts'
import { telematicsPositions } from '../../schemas/topics.ts'
import { countsOf } from '../../tools/chaos/ledger.ts'
import { freePort } from '../../tools/ports.ts'
import { installation, type OpenedFile, until } from '../support/installation.ts'
import { positions } from '../support/positions.ts'

const MIB = 1 << 20

/** A directory on a disk of its own, of so many MiB; undefined: nothing can be mounted here. */
function smallDisk(t: TestContext, mib: number): string | undefined {
  const root = mkdtempSync(join(tmpdir(), 'milepost-disk-'))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', root])
  t.after(() => {
    if (status === 0) spawnSync('umount', ['--lazy', root])
    rmSync(root, { recursive: true, force: true })
  })
  return status === 0 ? root : undefined
}
/** Leave so many bytes; returns how to make room again. */
function fill(root: string, leave: number): () => void {
  const { bavail, bsize } = statfsSync(root)
  const ballast = join(root, 'ballast')
  writeFileSync(ballast, Buffer.alloc(bavail * bsize - leave))
  return () => rmSync(ballast)
}

const instants = async (opened: OpenedFile): Promise<Set<string>> => {
  const all = new Set<string>()
  for await (const { event } of readAll(opened, telematicsPositions))
    all.add(new Date(event.value.occurredAt).toISOString())
  return all
}
const besideClickHouse = (hop: string) => !hop.startsWith('clickhouse/')

test('no room: 503 with Retry-After, nothing acknowledged is lost, and it goes on when there is room', async t => {
  const disk = smallDisk(t, 64)
  // Two blocks a KiB, as POSIX has it.
  const limited = disk === undefined ? ['sh', '-c', `ulimit -f ${2 * 6 * 1_024} && exec "$0" "$@"`] : []
  t.diagnostic(disk === undefined ? 'nothing can be mounted here: a limit on the size of files instead' : 'on a tmpfs')
  const { up, launch, post, withLog, caughtUp } = await installation(t, {
    ...(disk !== undefined && { root: disk }),
    // Its own room is not what is tried.
    env: { MILEPOST_CLICKHOUSE_URL: `http://127.0.0.1:${await freePort()}` },
  })
  const ingest = await up('ingest', {}, limited)
  const others = [launch('processors', {}, limited), launch('sinks', {}, limited)]
  assert.equal((await post(positions('v', 0, 1_000))).status, 200)
  await caughtUp(besideClickHouse)
  const makeRoom = disk === undefined ? () => undefined : fill(disk, 3 * MIB)

  let sent = 1_000
  let answer = await post(positions('v', sent, 1_000))
  for (; answer.status === 200 && sent < 400_000; sent += 1_000)
    answer = await post(positions('v', sent + 1_000, 1_000))
  assert.equal(answer.status, 503)
  assert.ok(Number(answer.headers.get('retry-after')) > 0)
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.match(((await answer.json()) as { detail: string }).detail, /cannot be written now/)
  assert.match(ingest.stderr, /is full: make room|can't be written/)
  const acknowledged = sent

  makeRoom()
  if (disk === undefined) {
    await Promise.all([ingest, ...others].map(program => program.stop()))
    await up('ingest')
    launch('processors')
    launch('sinks')
  }
  await until('it takes the refused ones', async () => (await post(positions('v', acknowledged, 1_000))).status === 200)
  await caughtUp(besideClickHouse)
  if (disk !== undefined)
    assert.ok(
      [ingest, ...others].every(({ lives }) => lives),
      'nobody had to be started again',
    )

  const there = await withLog(instants)
  const expected = positions('v', 0, acknowledged + 1_000)
  assert.deepEqual(
    expected.filter(({ occurredAt }) => !there.has(occurredAt)),
    [],
  )
  const counts = await withLog(countsOf)
  const cleaned = counts.get('vehicle.position.v1')
  assert.equal(cleaned?.facts, there.size)
  assert.equal(cleaned.records, cleaned.events)
  t.diagnostic(`${acknowledged} positions were taken before`)
})

test('little room: nothing is taken in from a part of the disk on, what is read goes on, and it ends when there is room', async t => {
  const disk = smallDisk(t, 64)
  const { at, up, post, withLog } = await installation(t, { ...(disk !== undefined && { root: disk }) })
  // Where nothing can be mounted every disk is full by this limit, and room is a start with another one.
  let ingest = await up('ingest', { MILEPOST_DISK_LIMIT: disk === undefined ? '0.0001' : '0.85' })
  if (disk !== undefined) assert.equal((await post(positions('v', 0, 10))).status, 200)
  const makeRoom = disk === undefined ? () => undefined : fill(disk, 5 * MIB)
  await until('it notices', () => ingest.stderr.includes('full'))
  const answer = await post(positions('v', 10, 10))
  assert.equal(answer.status, 503)
  assert.ok(Number(answer.headers.get('retry-after')) > 0)
  assert.match(((await answer.json()) as { detail: string }).detail, /the disk is \d+ % full/)
  assert.equal((await at.fetch('/metrics')).status, 200)
  makeRoom()
  if (disk === undefined) {
    await ingest.stop()
    ingest = await up('ingest')
  }
  await until('it takes them', async () => (await post(positions('v', 10, 10))).status === 200)
  assert.equal((await withLog(instants)).size, disk === undefined ? 10 : 20)
})
