/**
 * The truth of the simulated world against what Milepost found: `node tools/simulate/score.ts --truth FILE --clickhouse URL`
 * of a Milepost that was driven by `milepost simulate --truth FILE`; without them it starts one of its own, drives it as
 * fast as it goes and scores that: `node tools/simulate/score.ts --shipments 10000`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { pastOf } from '../../app/commands/simulate.ts'
import { OdooClient } from '../../odoo/client.ts'
import { install } from '../../odoo/module/install.ts'
import { CASE_MODEL } from '../../odoo/names.ts'
import { settled } from '../chaos/caught-up.ts'
import { Installation } from '../chaos/installation.ts'
import { standIn } from '../odoo/server.ts'
import { OdooStore } from '../odoo/store.ts'
import { drive } from './drive.ts'
import { foundIn, openCasesIn, type Source } from './found.ts'
import type { TrueLine } from './happenings.ts'
import { judge, type Verdict } from './judge.ts'
import { Office } from './office.ts'

const HELP = `node tools/simulate/score.ts --truth FILE --clickhouse URL [--json]
node tools/simulate/score.ts --shipments N [--vehicles N --seed N --fix-every SECONDS --keep --json]
`
const PARTNERS = ['northline', 'rhone-express', 'vistula-cargo', 'iberia-road']
const MOST_LINES = 8
const [MOST_LOOKS, LOOK_AGAIN_MS] = [6, 5_000]

const { values } = parseArgs({
  options: {
    truth: { type: 'string' },
    clickhouse: { type: 'string' },
    shipments: { type: 'string', default: '1000' },
    vehicles: { type: 'string' },
    seed: { type: 'string', default: '1' },
    'fix-every': { type: 'string', default: '60' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const say = (text: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)

export const truthIn = (file: string): TrueLine[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as TrueLine)

async function ofOne(truthFile: string, source: Source): Promise<Verdict> {
  return judge(truthIn(truthFile), await foundIn(source))
}

/** An Odoo for a Milepost of its own: every order of the world is a picking there. */
async function ownOdoo() {
  const store = new OdooStore()
  const [database, apiKey, admin] = ['lab', 'key-of-the-bot', 'key-of-the-admin']
  const office = new Office(store, database)
  const companies = [office.company]
  const keys = new Map([
    [apiKey, { id: 5, companies }],
    [admin, { id: 2, companies, isAdmin: true }],
  ])
  const server = await standIn({ store, database, keys })
  const { url } = server
  await install(new OdooClient({ url, database, apiKey: admin }))
  const env = { MILEPOST_ODOO_URL: url, MILEPOST_ODOO_DATABASE: database, MILEPOST_ODOO_API_KEY: apiKey }
  const openCases = (): ReadonlySet<string> =>
    new Set(
      store
        .rows(CASE_MODEL)
        .filter(({ x_state: state }) => state === 'open' || state === 'acknowledged')
        .map(({ x_case_id: caseId }) => String(caseId)),
    )
  return { office, env, openCases, close: () => server.close() }
}

/** Odoo is asked for its changes every few seconds, and they may close a case: looked at until both have the same. */
async function compareOpen(installation: Installation, source: Source, inOdoo: () => ReadonlySet<string>) {
  for (let look = 1; ; look++) {
    const [here, there] = [await openCasesIn(source), inOdoo()]
    const differ = [...[...here].filter(one => !there.has(one)), ...[...there].filter(one => !here.has(one))]
    say(
      `open cases: ${here.size} in ClickHouse, ${there.size} in Odoo, ${differ.length} only in one of them ${differ.slice(0, MOST_LINES).join()}`,
    )
    if (differ.length === 0 || look === MOST_LOOKS) return
    await pause(LOOK_AGAIN_MS)
    await settled(installation)
  }
}

async function ofOwn(): Promise<Verdict> {
  const root = mkdtempSync(join(process.env['MILEPOST_BENCH_DIR'] ?? tmpdir(), 'milepost-score-'))
  const shipments = Number(values.shipments)
  const odoo = await ownOdoo()
  const vehicles = Number(values.vehicles ?? Math.max(20, Math.ceil(shipments / 3)))
  const installation = await Installation.make({
    root,
    partners: PARTNERS,
    env: { ...odoo.env, MILEPOST_LOG_LEVEL: 'warn' },
  })
  const program = installation.start('all')
  try {
    await installation.ready(program)
    const truthFile = join(root, 'truth.ndjson')
    let told = Date.now()
    const sent = await drive({
      ...{ seed: values.seed, vehicles, shipments, partners: PARTNERS, eventTime: true, truthFile },
      office: odoo.office,
      fixEverySeconds: Number(values['fix-every']),
      startAt: Math.floor((Date.now() - pastOf(shipments, vehicles)) / 3_600_000) * 3_600_000,
      target: { url: installation.url, token: await installation.token(), secrets: installation.secrets },
      onProgress: (report, reached) => {
        if (Date.now() - told < 15_000) return
        told = Date.now()
        say(
          `${new Date(reached).toISOString()}: ${report.positions} positions, ${report.plans} plans, ${report.refused} refused, ${report.seconds.toFixed(0)} s`,
        )
      },
    })
    say(
      `sent ${sent.positions} positions, ${sent.plans} plans, ${sent.carrierEvents} events in ${sent.seconds.toFixed(0)} s; ${sent.refused} refused`,
    )
    for (const { reason } of sent.refusals.slice(0, 3)) say(`refused: ${reason}`)
    await settled(installation)
    say('all of it has come through')
    const source = { url: `http://127.0.0.1:${installation.clickhousePort}` }
    await compareOpen(installation, source, odoo.openCases)
    return judge(truthIn(truthFile), await foundIn(source, odoo.office.names()))
  } finally {
    await program.stop()
    await odoo.close()
    if (values.keep) say(`kept: ${root}`)
    else rmSync(root, { recursive: true, force: true })
  }
}

const rate = (part: number | null) => (part === null ? '–' : part.toFixed(3))

function textOf({ shipments, visits, cases, arrivals, etas }: Verdict): string {
  const pad = (cells: readonly (string | number)[], widths: readonly number[]) =>
    cells
      .map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i] ?? 0) : String(cell).padStart(widths[i] ?? 0)))
      .join(' ')
  const wide = [22, 8, 8, 8, 10, 8, 10]
  return [
    `${shipments} shipments, ${visits} visits`,
    pad(['cases', 'truth', 'found', 'right', 'precision', 'recall', 'withdrawn'], wide),
    ...cases.map(each =>
      pad(
        [each.kind, each.truth, each.found, each.right, rate(each.precision), rate(each.recall), each.withdrawn],
        wide,
      ),
    ),
    pad(['milestones', 'truth', 'found', 'right', 'precision', 'recall', 'median s'], wide),
    ...arrivals.map(each =>
      pad(
        [
          each.event,
          each.truth,
          each.found,
          each.right,
          rate(each.precision),
          rate(each.recall),
          each.medianErrorSeconds ?? '–',
        ],
        wide,
      ),
    ),
    pad(['ETA, h foretold', 'ETAs', 'median', 'mean', 'p10–p90', 'width', ''], wide),
    ...etas.map(each =>
      pad(
        [
          each.hoursForetold,
          each.etas,
          each.medianAbsoluteErrorMinutes,
          each.meanAbsoluteErrorMinutes,
          rate(each.coverage),
          each.medianWidthMinutes,
          'min',
        ],
        wide,
      ),
    ),
    ...cases.flatMap(({ missed, wrong }) => [
      ...missed.slice(0, MOST_LINES).map(text => `missed: ${text}`),
      ...wrong.slice(0, MOST_LINES).map(text => `wrong:  ${text}`),
    ]),
    ...arrivals.flatMap(({ event, wrong }) => wrong.map(text => `${event}: ${text}`)),
    '',
  ].join('\n')
}

if (values.help) process.stdout.write(HELP)
else {
  const { truth, clickhouse } = values
  const verdict =
    truth !== undefined && clickhouse !== undefined ? await ofOne(truth, { url: clickhouse }) : await ofOwn()
  process.stdout.write(values.json ? `${JSON.stringify(verdict)}\n` : textOf(verdict))
}
