/** Sends recordings of real vehicles through a real Milepost: `node tools/replay-trace.ts --help`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { detailsOf, differences, outcomeOf } from './chaos/outcome.ts'
import { MOST_LATE_MS } from './feeder/disorder.ts'
import { random } from './feeder/random.ts'
import { austin, AUSTIN_DAYS } from './traces/austin.ts'
import { besides, remarksOf, tableOf } from './traces/beside.ts'
import { liverpool, RADIUS_M } from './traces/liverpool.ts'
import { pass, type Passed } from './traces/pass.ts'
import { inOrder, PLAN_STYLES, type PlanStyle, shuffled } from './traces/plans.ts'
import { timeOf, type Trace, withoutDatasets } from './traces/trace.ts'

const HELP = `Sends recordings of real vehicles through a real Milepost on a directory of its own, one shipment a trip.

  node tools/replay-trace.ts liverpool [options]   one bus route: what is concluded beside the recording, as a table
  node tools/replay-trace.ts austin [options]      days of a city: in order, then shuffled, and whether it is the same

  --plans ${PLAN_STYLES.join('|')}   assigned (default): the vehicle is on the plan from 15 min before its trip to 15 min after
                          named: in one version, so that it rides in the whole window of the shipment
  --radius M              Liverpool: of the termini (default ${RADIUS_M})
  --days DAY,…            Austin: default ${AUSTIN_DAYS.join(',')}
  --vehicles N            Austin: only so many of each day
  --seed N                of the shuffling (default 1)
  --keep                  leave the directories where they are
  --help
The recordings are not part of the repository: MILEPOST_DATASETS says where they are (default ../shared/datasets).
Exit code 1 if the outcome depends on the order.
`
const options = {
  plans: { type: 'string', default: 'assigned' },
  radius: { type: 'string', default: String(RADIUS_M) },
  days: { type: 'string', default: AUSTIN_DAYS.join(',') },
  vehicles: { type: 'string', default: 'Infinity' },
  seed: { type: 'string', default: '1' },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const
const MOST_DIFFERENCES = 50
/** Of what is shuffled anyway. */
const CONCURRENCY = 4

const told = (line: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`)
const show = (text: string) => process.stdout.write(text)

function figuresOf({ positions, plans, refusals, seconds, standing }: Passed): string {
  const outcome = outcomeOf(standing)
  const kinds: Record<string, number> = {}
  for (const { kind, state } of standing.cases) kinds[`${kind} ${state}`] = (kinds[`${kind} ${state}`] ?? 0) + 1
  const codes: Record<string, number> = {}
  for (const { milestones } of standing.shipments)
    for (const { code, retracted } of milestones) if (!retracted) codes[code] = (codes[code] ?? 0) + 1
  const counted = (counts: Record<string, number>) =>
    Object.entries(counts)
      .sort()
      .map(([name, n]) => `${n} ${name}`)
      .join(', ') || 'none'
  return [
    `${positions} positions, ${plans} plans of ${standing.shipments.length} shipments, ${refusals.length} refused`,
    `sent in ${seconds.sent.toFixed(1)} s, all concluded after ${seconds.concluded.toFixed(1)} s: ${Math.round(positions / seconds.concluded)} positions/s`,
    `${outcome['milestones']?.length ?? 0} milestones: ${counted(codes)}`,
    `cases: ${counted(kinds)}`,
    '',
  ].join('\n')
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const style = PLAN_STYLES.find(name => name === values.plans)
  if (values.help || positionals.length !== 1 || !['liverpool', 'austin'].includes(positionals[0] ?? '')) {
    show(HELP)
    return values.help ? 0 : 2
  }
  if (style === undefined) throw new RangeError(`--plans must be ${PLAN_STYLES.join(' or ')}`)
  const missing = withoutDatasets()
  if (missing) throw new Error(missing)
  const root = mkdtempSync(join(tmpdir(), 'milepost-trace-'))
  try {
    if (positionals[0] === 'liverpool') {
      const trace = liverpool(Number(values.radius))
      const passed = await pass({ root: join(root, 'in-order'), told: inOrder(trace, style), lastAt: lastOf(trace) })
      show(tableOf(besides(trace, style, passed.standing)) + figuresOf(passed))
      return 0
    }
    const days = values.days.split(',').map(day => austin(day, Number(values.vehicles)))
    const trace = { fixes: days.flatMap(({ fixes }) => fixes), trips: days.flatMap(({ trips }) => trips) }
    return await compared(root, trace, style, values.seed)
  } finally {
    if (values.keep) told(`kept: ${root}`)
    else rmSync(root, { recursive: true, force: true })
  }
}

const lastOf = ({ fixes }: Trace) => fixes.reduce((last, fix) => Math.max(last, timeOf(fix)), 0)

async function compared(root: string, trace: Trace, style: PlanStyle, seed: string): Promise<number> {
  const ordered = inOrder(trace, style)
  const lastAt = lastOf(trace)
  told('in order')
  const calm = await pass({ root: join(root, 'in-order'), told: ordered, lastAt })
  show(`in order\n${figuresOf(calm)}`)
  const rows = besides(trace, style, calm.standing)
  for (const [remark, n] of [...remarksOf(rows)].sort()) show(`${String(n).padStart(6)} ${remark}\n`)
  show(tableOf(rows.filter(({ agrees }) => !agrees)))
  told('shuffled within 24 h')
  const rng = random(`${seed}/trace`)
  const mixed = shuffled(ordered, MOST_LATE_MS, () => rng.next())
  const wild = await pass({ root: join(root, 'shuffled'), told: mixed, lastAt, concurrency: CONCURRENCY })
  show(`shuffled\n${figuresOf(wild)}`)
  const faults = [
    ...differences('shuffled beside in order', outcomeOf(calm.standing), outcomeOf(wild.standing)),
    ...differences('shuffled beside in order', detailsOf(calm.standing), detailsOf(wild.standing)),
    ...[calm, wild].flatMap(({ views }) => differences('ClickHouse beside the API', views.expected, views.found)),
  ]
  show([`differences: ${faults.length}`, ...faults.slice(0, MOST_DIFFERENCES), ''].join('\n'))
  return faults.length === 0 ? 0 : 1
}

main().then(
  code => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exitCode = 1
  },
)
