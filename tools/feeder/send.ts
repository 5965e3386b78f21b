/** Sends deliveries to a running Milepost: at least once each, and in order unless told otherwise. */
import { setTimeout as sleep } from 'node:timers/promises'
import { sign, verifyingKey } from '../../ingest/signature.ts'
import { type Delivery, type Fix, iso } from './delivery.ts'
import { Latencies, type LatencySummary } from './latencies.ts'
import { type Answer, type Attempt, Poster } from './post.ts'

/** Positions that are a request already. */
export interface ReadyPositions {
  readonly kind: 'ready'
  readonly body: Buffer
  readonly positions: number
}
export interface Target {
  /** The base, such as http://127.0.0.1:8080 */
  readonly url: string
  /** A token that may ingest. */
  readonly token: string
  /** `whsec_…` of each partner. Events of a partner without one are an error. */
  readonly secrets?: Readonly<Record<string, string>>
}
export interface SendOptions {
  /** Most positions of one request; deliveries are gathered until there are so many (default 1,000). */
  readonly batch?: number
  /** Send each delivery when it comes, without gathering: for a live feed. */
  readonly atOnce?: boolean
  readonly format?: 'array' | 'ndjson'
  /** With 1 (the default) nothing is sent before what came earlier was answered; with more, requests overtake one another. */
  readonly concurrency?: number
  readonly positionsPerSecond?: number
  /** Each position says when it is received: the time of its delivery (read with `--time event` only). */
  readonly withReceivedAt?: boolean
  readonly timeoutMs?: number
  readonly giveUpAfterMs?: number
  /** Stops between requests; `send` then returns what it did so far. */
  readonly signal?: AbortSignal
  /** Called after each answer with the running report. */
  readonly onAnswer?: (report: SendReport) => void
}
export type Kind = 'positions' | 'plan' | 'carrier'
export interface SendReport {
  requests: number
  retries: number
  bytes: number
  positions: number
  plans: number
  carrierEvents: number
  /** Records that were refused for good, and the first 20 reasons. */
  refused: number
  readonly refusals: { status: number; path: string; reason: string }[]
  seconds: number
  latencyMs: Partial<Record<Kind, LatencySummary>>
}

type Job = Attempt & { readonly kind: Kind; readonly records: number }

/**
 * Throws where a request is given up, and on 401, 403 and 404: no patience helps against a wrong token or address.
 * Other refusals are counted.
 */
export async function send(
  deliveries: Iterable<Delivery | ReadyPositions> | AsyncIterable<Delivery | ReadyPositions>,
  target: Target,
  options: SendOptions = {},
): Promise<SendReport> {
  const { concurrency = 1, positionsPerSecond = Infinity, signal } = options
  // A secret that is none is said now, not at each attempt.
  for (const secret of Object.values(target.secrets ?? {})) verifyingKey(secret)
  // A request that fails while we wait for something else ends all the same.
  const failure = new AbortController()
  const ended = AbortSignal.any(signal ? [signal, failure.signal] : [failure.signal])
  const poster = new Poster(target.url, concurrency, {
    timeoutMs: options.timeoutMs ?? 30_000,
    giveUpAfterMs: options.giveUpAfterMs ?? 120_000,
    signal: ended,
  })
  const report: SendReport = {
    requests: 0,
    retries: 0,
    bytes: 0,
    positions: 0,
    plans: 0,
    carrierEvents: 0,
    refused: 0,
    refusals: [],
    seconds: 0,
    latencyMs: {},
  }
  const latencies = { positions: new Latencies(), plan: new Latencies(), carrier: new Latencies() }
  const started = performance.now()
  const answered = (job: Job, answer: Answer) => {
    const { status, text, ms, retries } = answer
    if (status === 401 || status === 403 || status === 404)
      throw new Error(`${job.method} ${job.path}: ${status} ${text}`)
    latencies[job.kind].add(ms)
    report.requests++
    report.retries += retries
    report.bytes += Buffer.byteLength(job.body)
    report[job.kind === 'plan' ? 'plans' : job.kind === 'carrier' ? 'carrierEvents' : 'positions'] += job.records
    const refusals = refusalsIn(status, text)
    report.refused += status >= 400 && refusals.length === 0 ? job.records : refusals.length
    const reasons = status >= 400 && refusals.length === 0 ? [text.slice(0, 300)] : refusals
    for (const reason of reasons.slice(0, 20 - report.refusals.length)) {
      report.refusals.push({ status, path: job.path, reason })
    }
    report.seconds = (performance.now() - started) / 1_000
    options.onAnswer?.(report)
  }

  const inFlight = new Set<Promise<void>>()
  let scheduled = 0
  try {
    for await (const job of jobs(deliveries, target, options)) {
      if (ended.aborted) break
      const waitMs = started + (scheduled / positionsPerSecond) * 1_000 - performance.now()
      if (waitMs > 1) await sleep(waitMs, undefined, { signal: ended })
      if (job.kind === 'positions') scheduled += job.records
      const sent = poster
        .send(job)
        .then(answer => answered(job, answer))
        .catch((error: unknown) => failure.abort(error))
        .finally(() => inFlight.delete(sent))
      inFlight.add(sent)
      if (inFlight.size >= concurrency) await Promise.race(inFlight)
    }
  } catch (error) {
    failure.abort(error)
  } finally {
    await Promise.all(inFlight)
    poster.close()
  }
  if (!signal?.aborted) failure.signal.throwIfAborted()
  report.seconds = (performance.now() - started) / 1_000
  for (const kind of ['positions', 'plan', 'carrier'] as const) {
    const summary = latencies[kind].summary()
    if (summary.count > 0) report.latencyMs[kind] = summary
  }
  return report
}

/** What was refused of a request that was taken otherwise. */
function refusalsIn(status: number, text: string): string[] {
  if (text.length < 3 || (status < 300 && text.includes('"refused":[]'))) return []
  try {
    const { refused } = JSON.parse(text) as { refused?: unknown }
    return Array.isArray(refused) ? refused.map(each => JSON.stringify(each)) : []
  } catch {
    return []
  }
}

async function* jobs(
  deliveries: Iterable<Delivery | ReadyPositions> | AsyncIterable<Delivery | ReadyPositions>,
  { token, secrets = {} }: Target,
  { batch = 1_000, format = 'array', atOnce = false, withReceivedAt = false }: SendOptions,
): AsyncGenerator<Job> {
  const type = format === 'array' ? 'application/json' : 'application/x-ndjson'
  const bearer = (contentType: string) => () => ({ authorization: `Bearer ${token}`, 'content-type': contentType })
  const ready = (body: string | Buffer, records: number): Job => ({
    kind: 'positions',
    method: 'POST',
    path: '/v1/positions',
    body,
    records,
    headers: bearer(type),
  })
  let gathered: string[] = []
  const taken = () => {
    const [some, records] = [gathered, gathered.length]
    gathered = []
    return ready(format === 'array' ? `[${some.join(',')}]` : some.join('\n'), records)
  }

  for await (const each of deliveries) {
    if (each.kind === 'positions') {
      const received = withReceivedAt ? `,"receivedAt":"${iso(each.at)}"}` : '}'
      for (const fix of each.positions) {
        gathered.push(line(fix, received))
        if (gathered.length >= batch) yield taken()
      }
      if (!atOnce) continue
    }
    if (gathered.length > 0) yield taken()
    if (each.kind === 'ready') yield ready(each.body, each.positions)
    if (each.kind === 'plan') {
      const path = `/v1/shipments/${encodeURIComponent(each.shipmentId)}`
      const body = JSON.stringify(each.plan)
      yield { kind: 'plan', method: 'PUT', path, body, records: 1, headers: bearer('application/json') }
    }
    if (each.kind === 'carrier') {
      const { partner, messageId, events } = each
      const secret = secrets[partner]
      if (secret === undefined) throw new RangeError(`no secret for the partner ${partner}`)
      const body = Buffer.from(JSON.stringify({ events }))
      const headers = () => {
        const timestamp = Math.floor(Date.now() / 1_000)
        return {
          'content-type': 'application/json',
          'webhook-id': messageId,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': sign(secret, messageId, timestamp, body),
        }
      }
      const path = `/v1/partners/${encodeURIComponent(partner)}/events`
      yield { kind: 'carrier', method: 'POST', path, body, records: events.length, headers }
    }
  }
  if (gathered.length > 0) yield taken()
}

const line = (fix: Fix, end: string): string => JSON.stringify(fix).slice(0, -1) + end
