/**
 * `node tools/bench/restore.ts [--keys 1000000 --bytes 120]`: how long a task takes to be claimed whose state has so many
 * keys, from the changelog alone, from a snapshot with a tail of a hundredth, and from a snapshot that lacks nothing; with
 * the memory of the process. Each claim is a process of its own.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { KafkaLog } from '../../streams/log/kafka/kafka.ts'
import type { StateChange } from '../../streams/log/log.ts'
import { startKafka } from '../kafka/cluster.ts'

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    bytes: { type: 'string', default: '120' },
    /** Only for the processes that this one starts. */
    claim: { type: 'string' },
    brokers: { type: 'string', default: '' },
    directory: { type: 'string', default: '' },
  },
})
const TASK = 'bench/0'
const AT_A_TIME = 5_000
const open = (brokers: readonly string[], directory: string) =>
  KafkaLog.open({
    ...{ brokers, clientId: 'bench', namespace: 'bench', topics: new Map([['records', 1]]) },
    groups: () => new Map([['bench', [TASK]]]),
    ...{ broadcast: [], store: { directory, name: 'bench' } },
  })

if (values.claim === undefined) await main()
else await claimOnce(values.brokers.split(','), values.directory)

/** Prints what it took, JSON. */
async function claimOnce(brokers: readonly string[], directory: string): Promise<void> {
  const log = await open(brokers, directory)
  const [began, before] = [performance.now(), process.cpuUsage()]
  const held = await log.claim(TASK)
  const seconds = (performance.now() - began) / 1_000
  const { user, system } = process.cpuUsage(before)
  const found = held.state.load(keyOf(0)).length + held.state.load(keyOf(Number(values.keys) - 1)).length
  const { maxRSS } = process.resourceUsage()
  process.stdout.write(JSON.stringify({ seconds, cpuS: (user + system) / 1e6, maxRssMb: maxRSS / 1_024, found }))
  await log.close()
}

async function main(): Promise<void> {
  await using kafka = await startKafka({ jvm: ['-Xmx1g'] })
  const root = mkdtempSync(join(tmpdir(), 'milepost-bench-'))
  try {
    const keys = Number(values.keys)
    const whole = join(root, 'whole')
    const log = await open(kafka.bootstrap, whole)
    const held = await log.claim(TASK)
    const write = async (from: number, until: number) => {
      for (let at = from; at < until; at += AT_A_TIME) {
        const tx = await held.begin()
        await tx.change(Array.from({ length: Math.min(AT_A_TIME, until - at) }, (_, n) => rowOf(at + n)))
        await tx.commit()
      }
    }
    const began = performance.now()
    await write(0, keys)
    process.stderr.write(`${keys} keys written in ${Math.round((performance.now() - began) / 1_000)} s\n`)
    await log.close()

    const claim = (directory: string): unknown => {
      const given = ['--claim', 'yes', '--keys', values.keys, '--directory', directory]
      const answer = execFileSync(process.execPath, [
        ...[import.meta.filename, ...given],
        ...['--brokers', kafka.bootstrap.join(',')],
      ])
      return JSON.parse(answer.toString())
    }
    const results: Record<string, unknown> = { keys, bytes: Number(values.bytes) }
    results['nothing is missing'] = claim(whole)
    results['changelog alone'] = claim(join(root, 'empty'))
    const elsewhere = await open(kafka.bootstrap, join(root, 'elsewhere'))
    const again = await elsewhere.claim(TASK)
    for (let at = 0; at < keys / 100; at += AT_A_TIME) {
      const tx = await again.begin()
      await tx.change(Array.from({ length: AT_A_TIME }, (_, n) => rowOf(at + n)))
      await tx.commit()
    }
    await elsewhere.close()
    results['snapshot and a tail of a hundredth'] = claim(whole)
    process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function keyOf(n: number): string {
  return `vehicle-${String(n).padStart(9, '0')}`
}
function rowOf(n: number): StateChange {
  const bytes = Buffer.alloc(Number(values.bytes), n & 0xff)
  return { key: keyOf(n), list: 'head', at: 0, id: '', dense: false, bytes }
}
