/** Feeds a running Milepost with a made-up fleet: `node tools/feed.ts --help`. For one that lives: `milepost simulate`. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Delivery, HOUR } from './feeder/delivery.ts'
import { inOrder, MOST_LATE_MS, shuffled } from './feeder/disorder.ts'
import { calmShares, defaultShares, type Shares } from './feeder/features.ts'
import { positionsLoad } from './feeder/load.ts'
import { random } from './feeder/random.ts'
import { type ReadyPositions, send, type SendReport } from './feeder/send.ts'
import { defaults, makeWorld, type World } from './feeder/world.ts'

const HELP = `Feeds a running Milepost with a made-up fleet.

  node tools/feed.ts --url http://127.0.0.1:8080 --token TOKEN --secret PARTNER=whsec_… [options]

What to send
  --mode world          some days of a fleet, with its truth (default)
  --mode load           positions only, for load
Where to
  --url URL             base address (default http://127.0.0.1:8080)
  --token TOKEN         a token that may ingest (or MILEPOST_TOKEN)
  --secret NAME=whsec_… the secret of a partner, once for each; the events go to the partners named here
A world
  --seed N              the same seed is the same world (default 1)
  --vehicles N          default ${defaults.vehicles} (load: 1000)
  --shipments N         journeys of each vehicle, default ${defaults.shipmentsPerVehicle}
  --fix-every SECONDS   10–60, default ${defaults.fixEverySeconds}
  --start TIME          its first hour, ISO 8601; default: so that it ends now
  --calm                no faults, no disorder, nobody changes his mind
  --share NAME=0.1      how often one thing happens, once for each of:
                        ${Object.keys(defaultShares)
                          .join(' ')
                          .replace(/(.{1,70}) /g, '$1\n                        ')}
  --order sent|in-order|shuffled   as it is told (default), as it happened, or held back by up to 24 h more
  --truth FILE          write what Milepost must conclude, as JSON
  --dry-run             make it, write the truth, send nothing
Load
  --positions N         default 100000
Sending
  --batch N             positions a request, default 1000
  --ndjson              positions as NDJSON instead of an array
  --concurrency N       requests under way, default 1; with more the order is lost
  --rate N              most positions a second
  --received-at         positions say when they are received, for a Milepost started with --time event
  --give-up SECONDS     how long a request is tried again, default 120
  --json                the report as JSON
  --help
`

const options = {
  mode: { type: 'string', default: 'world' },
  url: { type: 'string', default: 'http://127.0.0.1:8080' },
  token: { type: 'string' },
  secret: { type: 'string', multiple: true, default: [] as string[] },
  seed: { type: 'string', default: '1' },
  vehicles: { type: 'string' },
  shipments: { type: 'string', default: String(defaults.shipmentsPerVehicle) },
  'fix-every': { type: 'string', default: String(defaults.fixEverySeconds) },
  start: { type: 'string' },
  calm: { type: 'boolean', default: false },
  share: { type: 'string', multiple: true, default: [] as string[] },
  order: { type: 'string', default: 'sent' },
  truth: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  positions: { type: 'string', default: '100000' },
  batch: { type: 'string', default: '1000' },
  ndjson: { type: 'boolean', default: false },
  concurrency: { type: 'string', default: '1' },
  rate: { type: 'string' },
  'received-at': { type: 'boolean', default: false },
  'give-up': { type: 'string', default: '120' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const
type Values = ReturnType<typeof parse>
const parse = () => parseArgs({ options }).values

const number = (name: string, text: string): number => {
  const value = Number(text)
  if (text === '' || !Number.isFinite(value) || value <= 0) throw new RangeError(`--${name} must be a number above 0`)
  return value
}
const pairs = (name: string, texts: readonly string[]): [string, string][] =>
  texts.map(text => {
    const at = text.indexOf('=')
    if (at < 1) throw new RangeError(`--${name} must look like NAME=VALUE`)
    return [text.slice(0, at), text.slice(at + 1)]
  })

function sharesOf({ calm, share }: Values): Shares {
  const asked = pairs('share', share).map(([name, text]): [string, number] => {
    if (!(name in defaultShares)) throw new RangeError(`--share ${name}: there is no such share`)
    const value = Number(text)
    if (text === '' || !(value >= 0 && value <= 1)) throw new RangeError(`--share ${name} must be 0–1`)
    return [name, value]
  })
  return { ...(calm ? calmShares : defaultShares), ...Object.fromEntries(asked) }
}

function worldOf(values: Values, partners: readonly string[]): World {
  const of = (startAt: number) =>
    makeWorld({
      seed: values.seed,
      startAt,
      ...(values.vehicles !== undefined && { vehicles: number('vehicles', values.vehicles) }),
      shipmentsPerVehicle: number('shipments', values.shipments),
      fixEverySeconds: number('fix-every', values['fix-every']),
      ...(partners.length > 0 && { partners }),
      shares: sharesOf(values),
    })
  if (values.start !== undefined) {
    const startAt = Date.parse(values.start)
    if (Number.isNaN(startAt)) throw new RangeError('--start must be a time in ISO 8601')
    return of(startAt)
  }
  // it is the same world whatever hour it starts at: make it once to learn how long it lasts
  const hours = Math.ceil(Date.parse(of(0).truth.finalTick) / HOUR)
  return of((Math.floor(Date.now() / HOUR) - hours) * HOUR)
}

function ordered(world: World, order: string, seed: string): readonly Delivery[] {
  if (order === 'sent') return world.deliveries
  if (order === 'in-order') return inOrder(world.deliveries)
  if (order === 'shuffled') return shuffled(random(`${seed}/shuffled`), world.deliveries, MOST_LATE_MS)
  throw new RangeError('--order must be sent, in-order or shuffled')
}

async function main(): Promise<void> {
  const values = parse()
  if (values.help) return void process.stdout.write(HELP)
  const secrets = Object.fromEntries(pairs('secret', values.secret))
  const partners = Object.keys(secrets)
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())

  let deliveries: Iterable<Delivery | ReadyPositions>
  if (values.mode === 'world') {
    const world = worldOf(values, partners)
    if (values.truth !== undefined) writeFileSync(values.truth, JSON.stringify(world.truth, null, 1) + '\n')
    if (values['dry-run']) return void process.stdout.write(JSON.stringify(world.truth.totals) + '\n')
    deliveries = ordered(world, values.order, values.seed)
  } else if (values.mode === 'load') {
    deliveries = positionsLoad({
      vehicles: number('vehicles', values.vehicles ?? '1000'),
      positions: number('positions', values.positions),
      perRequest: number('batch', values.batch),
      endAt: Date.now(),
      format: values.ndjson ? 'ndjson' : 'array',
    })
  } else throw new RangeError('--mode must be world or load')

  if (values.mode !== 'load' && partners.length === 0)
    throw new RangeError('--secret is missing: NAME=whsec_… of a partner')
  const token = values.token ?? process.env['MILEPOST_TOKEN'] ?? ''
  if (token === '') throw new RangeError('--token is missing (or MILEPOST_TOKEN)')
  let shown = 0
  const progress = (report: SendReport) => {
    if (values.json || Date.now() - shown < 1_000) return
    shown = Date.now()
    process.stderr.write(`${line(report)}\n`)
  }
  const report = await send(
    deliveries,
    { url: values.url, token, secrets },
    {
      batch: number('batch', values.batch),
      format: values.ndjson ? 'ndjson' : 'array',
      concurrency: number('concurrency', values.concurrency),
      ...(values.rate !== undefined && { positionsPerSecond: number('rate', values.rate) }),
      withReceivedAt: values['received-at'],
      giveUpAfterMs: number('give-up', values['give-up']) * 1_000,
      signal: stop.signal,
      onAnswer: progress,
    },
  )
  process.stdout.write(values.json ? JSON.stringify(report) + '\n' : `${line(report)}\n${detail(report)}`)
}

const line = ({ positions, plans, carrierEvents, requests, retries, refused, seconds }: SendReport) =>
  `${positions} positions, ${plans} plans, ${carrierEvents} events in ${requests} requests, ${retries} retries, ` +
  `${refused} refused, ${seconds.toFixed(1)} s, ${Math.round(positions / Math.max(seconds, 0.001))} positions/s`
const detail = ({ latencyMs, refusals }: SendReport) =>
  Object.entries(latencyMs)
    .map(([kind, { p50, p99, max }]) => `${kind}: answered in ${p50} ms (p50), ${p99} ms (p99), ${max} ms (most)\n`)
    .join('') + refusals.map(({ status, path, reason }) => `refused: ${status} ${path} ${reason}\n`).join('')

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
