/**
 * odoo: what changes in an Odoo 19, read over and over.
 *
 *   reads    stock.picking and what it points to, by JSON-2
 *   writes   odoo.change.v1     by model and id
 *
 * One process of the installation reads at a time. Whatever goes wrong is told once and tried again; nothing of it stops
 * the rest of ingest.
 */
import { LogUnavailable, Fenced, Taken, type Log } from '../../streams/log/log.ts'
import type { Wire } from '../../streams/event.ts'
import { hours, type Instant, type Millis, minutes, seconds } from '../../streams/time.ts'
import { pause } from '../../streams/together.ts'
import type { IngestMetrics } from '../metrics.ts'
import { ODOO_TASK, OdooBook, type Progress } from './book.ts'
import { OdooAway, type OdooClient, OdooRefused } from '../../odoo/client.ts'
import { domainOf, modelsFor, type OdooModel, PICKING, RELATED } from './models.ts'
import { OdooReader } from './reader.ts'

export interface PollNeeds {
  readonly log: Log
  readonly wire: Wire
  readonly client: OdooClient
  readonly receivedAt: () => Instant
  readonly metrics: Pick<IngestMetrics, 'records'>
  readonly gauges: OdooGauges
  readonly logger: Teller
  /** Not before: Odoo's own clock is the wall clock; only tests have another. */
  readonly now?: () => number
  readonly every?: Partial<Pace>
  readonly pageRows?: number
}
interface Teller {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}
export interface OdooGauges {
  /** Seconds since the epoch: all that Odoo showed then has been read. */
  readonly readUntil: { set(seconds: number): void }
  /** Of the first reading of a model: how much of it is done, 0 to 1. */
  readonly firstReading: { set(labels: { model: string }, part: number): void }
}
export interface Pace {
  readonly pollMs: Millis
  /** Between two polls, however often somebody knocks. */
  readonly restMs: Millis
  readonly sweepMs: Millis
  /** After an error: so long, then twice as long, up to a minute. */
  readonly retryMs: Millis
  /** How often is asked what the user may read. */
  readonly askMs: Millis
}
const USUAL: Pace = {
  ...{ pollMs: seconds(15), restMs: seconds(2), sweepMs: minutes(10), retryMs: seconds(1) },
  askMs: hours(1),
}
const LONGEST_RETRY_MS = minutes(1)
const TELL_EVERY_MS = seconds(10)

export class OdooPoll {
  readonly #needs: PollNeeds
  readonly #pace: Pace
  readonly #totals = new Map<string, number>()
  #knocked = false
  #ring: (() => void) | undefined
  #models: readonly OdooModel[] = []
  #askedAt = -Infinity
  /** Not yet: undefined. */
  #sweptAt: number | undefined
  #toldAt = -Infinity

  constructor(needs: PollNeeds) {
    this.#needs = needs
    this.#pace = { ...USUAL, ...needs.every }
  }

  /** Something changed over there: poll soon. Where another process polls, or polled a moment ago, it changes little. */
  knock(): void {
    this.#knocked = true
    this.#ring?.()
  }

  /** Poll until aborted, whenever it falls to this process. Rejects with a bug only. */
  run(until: AbortSignal): Promise<void> {
    return this.#needs.log.share(ODOO_TASK, [ODOO_TASK], (_, stop) => this.#poll(stop), until)
  }

  async #poll(stop: AbortSignal): Promise<void> {
    let book: OdooBook | undefined
    let failures = 0
    try {
      while (!stop.aborted) {
        try {
          book ??= await OdooBook.claim(this.#needs.log, this.#needs.client.database)
          await this.once(book, stop)
          if (failures > 0) this.#needs.logger.info({}, 'Odoo is read again')
          failures = 0
          await this.#rest(stop)
        } catch (error) {
          if (isOver(stop)) return
          if (isBug(error)) throw error
          // Nobody knows what became of the last commit: the next claim does.
          if (isOfTheLog(error)) {
            await book?.close()
            book = undefined
          }
          if (failures++ === 0)
            this.#needs.logger.warn({ reason: (error as Error).message }, 'Odoo can’t be read for now')
          // Who had the task before is soon gone; Odoo may be away for longer.
          const patience = isOfTheLog(error) ? 1 : 2 ** (failures - 1)
          await pause(Math.min(this.#pace.retryMs * patience, LONGEST_RETRY_MS), stop)
        }
      }
    } finally {
      await book?.close()
    }
  }

  /** One round: every model, what is to be read again, and from time to time the sweep. */
  async once(book: OdooBook, stop?: AbortSignal): Promise<void> {
    const { client, log, wire, receivedAt, now = Date.now, pageRows, gauges } = this.#needs
    this.#knocked = false
    const begun = now()
    await this.#ask(book, stop)
    const reader = new OdooReader({
      ...{ client, book, wire, receivedAt, now, partitionsOf: log.partitionsOf },
      ...(pageRows !== undefined && { pageRows }),
      ...(stop && { stop }),
      onPage: (model, said, progress) => this.#tell(model, said, progress),
    })
    const wasRead = this.#models.every(({ name }) => book.progressOf(name).synced)
    const related = this.#models.filter(({ name }) => name !== PICKING)
    for (const model of related) await reader.poll(model)
    await reader.payOwed(this.#models)
    for (const model of this.#models) if (model.name === PICKING) await reader.poll(model)
    // What was read just now for the first time needs no sweep; who goes on after another does not know when that one swept.
    if (this.#sweptAt === undefined && !wasRead) this.#sweptAt = begun
    if (now() - (this.#sweptAt ?? Number.MIN_SAFE_INTEGER) >= this.#pace.sweepMs) {
      for (const model of this.#models) await reader.sweep(model)
      await reader.payOwed(this.#models)
      this.#sweptAt = now()
    }
    gauges.readUntil.set(begun / 1_000)
  }

  /** What there is to be read. A model that the user may not read, or that is not installed, is left out, but for the pickings. */
  async #ask(book: OdooBook, stop: AbortSignal | undefined): Promise<void> {
    const { client, logger, now = Date.now } = this.#needs
    if (now() - this.#askedAt < this.#pace.askMs) return
    const count = (model: string) =>
      client.call<number>(model, 'search_count', { domain: domainOf(model), context: { active_test: false } }, stop)
    const models = new Set<string>()
    for (const model of RELATED)
      try {
        this.#totals.set(model, await count(model))
        models.add(model)
      } catch (error) {
        if (!(error instanceof OdooRefused) || error.kind === '' || ![403, 404].includes(error.status)) throw error
      }
    this.#totals.set(PICKING, await count(PICKING))
    const fields = await client.call<object>(PICKING, 'fields_get', { attributes: ['type'] }, stop)
    this.#models = modelsFor({ models, ofPicking: new Set(Object.keys(fields)) })
    const missing = RELATED.filter(model => !models.has(model))
    if (missing.length > 0) logger.info({ models: missing }, 'not read of Odoo: not installed, or the user may not')
    const unread = this.#models.filter(({ name }) => !book.progressOf(name).synced).map(({ name }) => name)
    if (unread.length > 0) logger.info({ models: unread }, 'these models of Odoo are read for the first time')
    this.#askedAt = now()
  }

  #tell(model: string, said: number, progress: Progress): void {
    const { metrics, gauges, logger } = this.#needs
    metrics.records.inc({ adapter: 'odoo', outcome: 'accepted' }, said)
    const total = Math.max(this.#totals.get(model) ?? 0, progress.read)
    gauges.firstReading.set({ model }, progress.synced || total === 0 ? 1 : progress.read / total)
    const now = performance.now()
    if (progress.synced || now - this.#toldAt < TELL_EVERY_MS) return
    this.#toldAt = now
    logger.info({ model, read: progress.read, of: total }, 'Odoo is read for the first time')
  }

  async #rest(stop: AbortSignal): Promise<void> {
    const { restMs, pollMs } = this.#pace
    await pause(restMs, stop)
    if (this.#knocked || stop.aborted) return
    const woken = new AbortController()
    this.#ring = () => woken.abort()
    await pause(pollMs - restMs, AbortSignal.any([stop, woken.signal]))
    this.#ring = undefined
  }
}

/** Asked anew: it may have been aborted meanwhile. */
const isOver = ({ aborted }: AbortSignal): boolean => aborted
const isOfTheLog = (error: unknown): boolean =>
  error instanceof LogUnavailable || error instanceof Fenced || error instanceof Taken
const isBug = (error: unknown): boolean =>
  !(isOfTheLog(error) || error instanceof OdooAway || error instanceof OdooRefused)
