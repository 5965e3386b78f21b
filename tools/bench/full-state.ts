/**
 * How it does with the state of a large fleet: `node tools/bench/full-state.ts --vehicles 100000 --hours 72`. The tracks
 * are written into a data directory as follow-vehicles would have left them (driving them through would take half a
 * day), then Milepost is started on it: seconds to ready and to the first answer, cost and memory while all drive on.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Fix, track } from '../../domain/track.ts'
import { digest } from '../../streams/event.ts'
import { partitionOf } from '../../streams/partition.ts'
import { taskName } from '../../streams/task.ts'
import { hours, type Instant, minutes, seconds } from '../../streams/time.ts'
import { Installation } from '../chaos/installation.ts'
import { settled } from '../chaos/caught-up.ts'
import { usageBelow } from './processes.ts'
import { rowsIn, throughput } from './run.ts'

const { values } = parseArgs({
  options: {
    vehicles: { type: 'string', default: '100000' },
    hours: { type: 'string', default: '72' },
    rounds: { type: 'string', default: '3' },
  },
})
const vehicles = Number(values.vehicles)
const say = (text: string) => process.stderr.write(`${text}\n`)
const root = mkdtempSync(join(process.env['MILEPOST_BENCH_DIR'] ?? tmpdir(), 'milepost-bench-'))
const installation = await Installation.make({ root, env: { MILEPOST_TIME: 'live', MILEPOST_LOG_LEVEL: 'warn' } })

/** The blocks of a track that ends about now, a fix every 30 s. */
function* blocksOfTrack(): Generator<readonly [start: number, bytes: Uint8Array]> {
  const end = Math.floor(Date.now() / track.blockMs) * track.blockMs
  for (let start = end - hours(Number(values.hours)); start < end; start += minutes(15)) {
    const rows = Array.from({ length: 30 }, (_, i) => {
      const at = (start + i * seconds(30)) as Instant
      const latitude = Math.round((44 + ((at / 1_000) % 7_200) * 1.8e-4) * 1e7) / 1e7
      const value: Fix = {
        ...{
          latitude,
          longitude: 10.1234567,
          speedMps: 20,
          courseDeg: 359,
          altitudeM: null,
          accuracyM: 8,
          ignition: null,
        },
        ...{
          odometerM: null,
          attributes: null,
          source: 'telematics:bench',
          emittedAt: null,
          receivedAt: (at + 2_500) as Instant,
        },
        ...{ flags: 0, revision: 1 },
      }
      return { at, id: digest('bench', at), value }
    })
    yield [start, track.blocks.encode(rows)]
  }
}

try {
  const log = installation.openLog()
  const blocks = [...blocksOfTrack()]
  say(`${blocks.length} blocks of ${blocks[0]?.[1].length ?? 0} bytes for each of ${vehicles} vehicles`)
  const partitions = log.partitionsOf('telematics.position.v1')
  const names = Array.from({ length: vehicles }, (_, i) => `v${vehicles}-${String(i).padStart(7, '0')}`)
  const began = performance.now()
  log.db.exec('PRAGMA synchronous = OFF')
  for (let partition = 0; partition < partitions; partition++) {
    const held = await log.claim(taskName('follow-vehicles', partition))
    const { id } = log.db.prepare('SELECT id FROM tasks WHERE task = ?').get(held.task) as { id: number }
    const insert = log.db.prepare('INSERT INTO blocks VALUES (?, ?, ?, ?, ?)')
    const own = names.filter(name => partitionOf(name, partitions) === partition)
    for (let from = 0; from < own.length; from += 500) {
      log.db.exec('BEGIN')
      for (const key of own.slice(from, from + 500))
        for (const [start, bytes] of blocks) insert.run(id, key, track.name, start, bytes)
      log.db.exec('COMMIT')
    }
    await held.release()
    say(`partition ${partition}: ${Math.round((performance.now() - began) / 1_000)} s`)
  }
  log.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  await log.close()
  const fileGb = statSync(join(installation.data, 'milepost.sqlite')).size / 2 ** 30

  const started = performance.now()
  const program = installation.start('all')
  await installation.ready(program)
  const readyS = (performance.now() - started) / 1_000
  const clickhouse = await installation.clickhouse()
  const rows = rowsIn(clickhouse)
  const running = { installation, pids: [program.pid], token: await installation.token(), rows }
  const first = { vehicleId: names[0], occurredAt: new Date().toISOString(), latitude: 45, longitude: 10.1 }
  const answer = await installation.fetch('/v1/positions', { method: 'POST', body: JSON.stringify([first]) })
  if (!answer.ok) throw new Error(await answer.text())
  while ((await rows(names[0] ?? '')) < 1) await new Promise(resolve => setTimeout(resolve, 20))
  const firstRowS = (performance.now() - started) / 1_000
  const load = await throughput(running, vehicles, vehicles * Number(values.rounds))
  await settled(installation)
  await clickhouse.close()
  const memory = Object.fromEntries(
    [...usageBelow([program.pid])].map(([name, { memoryMb }]) => [name, Math.round(memoryMb)]),
  )

  const restarted = performance.now()
  await program.stop()
  const next = installation.start('all')
  await installation.ready(next)
  const stopAndRestartS = (performance.now() - restarted) / 1_000
  await next.stop()
  const round = (n: number) => Math.round(n * 100) / 100
  process.stdout.write(
    `${JSON.stringify({ vehicles, hours: Number(values.hours), fileGb: round(fileGb), readyS: round(readyS), firstRowS: round(firstRowS), stopAndRestartS: round(stopAndRestartS), memoryMb: memory, totalMb: Object.values(memory).reduce((a, b) => a + b, 0), load }, null, 2)}\n`,
  )
} finally {
  rmSync(root, { recursive: true, force: true })
}
