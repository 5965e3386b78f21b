import { parseArgs } from 'node:util'
import { verifyingKey } from '../../ingest/signature.ts'
import type { SendReport } from '../../tools/feeder/send.ts'
import { drive } from '../../tools/simulate/drive.ts'
import { stopSignal } from '../stop-signal.ts'
import { type Command, isoOf, print, printJson, UsageError } from './command.ts'

const HOUR = 3_600_000
const TELL_EVERY_MS = 5_000

export const simulate: Command = {
  usage: `milepost simulate --token TOKEN --secret PARTNER=whsec_… [options]

Drives a running Milepost over HTTP as a customer would: trucks on the roads of Europe, their plans and their carriers,
with all that goes wrong with them. The same seed and start are the same world: sent again it changes nothing.

  --url URL            where Milepost is (default http://127.0.0.1:8080)
  --token TOKEN        a token that may ingest (or MILEPOST_TOKEN)
  --secret NAME=whsec_… of each carrier, once for each partner of the settings that is to speak
  --seed N             default 1
  --vehicles N         default 120
  --shipments N        end when so many are done; default: never
  --start TIME         when the first trucks set off, ISO 8601; default: ten hours ago
  --factor N           the past goes by N times faster than life; default: as fast as it is taken.
                       The present is never overtaken: from there on it lives at the pace of life
  --as-fast-as-possible  for a Milepost with --time event, needs --shipments: everything lies in the past, positions say
                       when they were received, and the clock is moved past the last deadline
  --sent-until TIME    go on where an earlier run ended, which said this time
  --fix-every SECONDS  10–120, default 60
  --truth FILE         what is true, a line of JSON for each thing, while it happens
  --json               the report as JSON`,
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        url: { type: 'string', default: 'http://127.0.0.1:8080' },
        token: { type: 'string' },
        secret: { type: 'string', multiple: true, default: [] as string[] },
        seed: { type: 'string', default: '1' },
        vehicles: { type: 'string', default: '120' },
        shipments: { type: 'string' },
        start: { type: 'string' },
        factor: { type: 'string' },
        'as-fast-as-possible': { type: 'boolean', default: false },
        'sent-until': { type: 'string' },
        'fix-every': { type: 'string', default: '60' },
        truth: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const secrets = Object.fromEntries(values.secret.map(secretOf))
    if (values.secret.length === 0) throw new UsageError('--secret is missing: NAME=whsec_… of a partner')
    const token = values.token ?? process.env['MILEPOST_TOKEN'] ?? ''
    if (token === '') throw new UsageError('--token is missing (or MILEPOST_TOKEN)')
    const eventTime = values['as-fast-as-possible']
    const vehicles = numberOf('vehicles', values.vehicles)
    const shipments = values.shipments === undefined ? undefined : numberOf('shipments', values.shipments)
    const factor = values.factor === undefined ? undefined : numberOf('factor', values.factor)
    if (eventTime && shipments === undefined) throw new UsageError('--as-fast-as-possible needs --shipments')
    if (eventTime && factor !== undefined) throw new UsageError('either --factor or --as-fast-as-possible')
    const pastMs = eventTime && shipments !== undefined ? pastOf(shipments, vehicles) : 10 * HOUR
    const startAt = values.start === undefined ? Date.now() - pastMs : timeOf('start', values.start)
    const signal = stopSignal()
    let toldAt = 0
    let reached = startAt
    const report = await drive({
      ...{ seed: values.seed, vehicles, startAt, partners: Object.keys(secrets), eventTime, signal },
      fixEverySeconds: numberOf('fix-every', values['fix-every']),
      target: { url: values.url, token, secrets },
      ...(shipments !== undefined && { shipments }),
      ...(factor !== undefined && { factor }),
      ...(values.truth !== undefined && { truthFile: values.truth }),
      ...(values['sent-until'] !== undefined && { sentUntil: timeOf('sent-until', values['sent-until']) }),
      onProgress: (sent, at) => {
        reached = at
        if (values.json || Date.now() - toldAt < TELL_EVERY_MS) return
        toldAt = Date.now()
        process.stderr.write(`${isoOf(at)}  ${lineOf(sent)}\n`)
      },
    })
    if (values.json) printJson({ startAt: isoOf(startAt), sentUntil: isoOf(reached), ...report })
    else {
      print(lineOf(report))
      for (const { status, path, reason } of report.refusals) print(`refused: ${status} ${path} ${reason}`)
      if (signal.aborted) print(`to go on: --start ${isoOf(startAt)} --sent-until ${isoOf(reached)}`)
    }
    return 0
  },
}

/** How long ago a world of so many shipments has to begin to be over by now: a truck takes some 1.3 a day. */
export const pastOf = (shipments: number, vehicles: number): number =>
  Math.ceil(shipments / vehicles / 1.1 + 4) * 24 * HOUR

function secretOf(text: string): [name: string, secret: string] {
  const at = text.indexOf('=')
  const [name, secret] = [text.slice(0, at), text.slice(at + 1)]
  if (at < 1) throw new UsageError('--secret must look like NAME=whsec_…')
  try {
    verifyingKey(secret)
  } catch (error) {
    throw new UsageError(`--secret ${name}: ${error instanceof Error ? error.message : 'is no key'}`)
  }
  return [name, secret]
}

function numberOf(name: string, text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new UsageError(`--${name} must be a number above 0`)
  return value
}

function timeOf(name: string, text: string): number {
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw new UsageError(`--${name} must be a time in ISO 8601`)
  return at
}

const lineOf = ({ positions, plans, carrierEvents, requests, retries, refused, seconds }: SendReport): string =>
  `${positions} positions, ${plans} plans, ${carrierEvents} events in ${requests} requests, ${retries} retries, ` +
  `${refused} refused, ${seconds.toFixed(1)} s`
