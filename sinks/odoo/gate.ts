/**
 * The way into Odoo that the sinks share: one request at a time, and none while Odoo is away or refuses. Then whoever
 * comes first after the pause tries, alone, and the others learn from what he met.
 */
import { OdooAway, type OdooClient, OdooRefused } from '../../odoo/client.ts'
import { Unavailable } from '../../streams/sink.ts'
import { type Millis, minutes, seconds } from '../../streams/time.ts'
import { missingIn } from '../../odoo/module/installed.ts'

export interface Teller {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}
export interface GateOptions {
  readonly client: OdooClient
  /** Nothing is asked any more once this is aborted. */
  readonly stop: AbortSignal
  readonly logger: Teller
  /** Milliseconds, by any clock that does not go back. */
  readonly now?: () => number
  readonly pace?: Partial<Pace>
}
export interface Pace {
  /** After the first failure; after each further one twice as long. */
  readonly awayMs: Millis
  readonly longestAwayMs: Millis
  /** After a refusal: somebody has to do something. */
  readonly refusedMs: Millis
}
const USUAL: Pace = { awayMs: seconds(1), longestAwayMs: minutes(1), refusedMs: minutes(1) }

export const INSTALL = 'run "milepost odoo install" with an administrator’s key'

export class OdooGate {
  readonly database: string
  readonly #options: GateOptions
  readonly #pace: Pace
  readonly #now: () => number
  #before: Promise<unknown> = Promise.resolve()
  #shutUntil = -Infinity
  #failures = 0
  /** Why it is shut, as it was told. */
  #reason: string | undefined
  #isInstalled = false

  constructor(options: GateOptions) {
    this.#options = options
    this.#pace = { ...USUAL, ...options.pace }
    this.#now = options.now ?? (() => performance.now())
    this.database = options.client.database
  }

  /**
   * Call a method of Odoo, where the module is installed as we know it. Rejects with `Unavailable`, whatever is the
   * matter; `OdooClient` says what goes into `body`.
   */
  call<T>(model: string, method: string, body: object): Promise<T> {
    return this.#inTurn(async () => {
      if (!this.#isInstalled) await this.#look()
      return this.#options.client.call<T>(model, method, body, this.#options.stop)
    })
  }

  /** Look at what is installed, and tell what is missing. Rejects with `Unavailable`. */
  look(): Promise<void> {
    return this.#inTurn(() => this.#look())
  }

  /** Odoo said no in an answer of its own kind: shut as after any refusal. */
  refuse(reason: string): Unavailable {
    return this.#shut(reason, this.#pace.refusedMs)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#before.then(() => this.#tried(work))
    this.#before = turn.catch(() => undefined)
    return turn
  }

  async #tried<T>(work: () => Promise<T>): Promise<T> {
    const { stop, logger } = this.#options
    stopping(stop)
    const left = this.#shutUntil - this.#now()
    if (left > 0) throw new Unavailable(this.#reason ?? 'Odoo is away', left)
    try {
      const result = await work()
      if (this.#reason !== undefined) logger.info({}, 'Odoo takes records again')
      this.#reason = undefined
      this.#failures = 0
      return result
    } catch (error) {
      stopping(stop)
      if (error instanceof OdooAway) {
        const patience = Math.min(this.#pace.awayMs * 2 ** this.#failures++, this.#pace.longestAwayMs)
        throw this.#shut(`Odoo is away: ${error.message}`, patience)
      }
      if (error instanceof OdooRefused) throw this.refuse(refusal(error))
      throw error
    }
  }

  async #look(): Promise<void> {
    const missing = await missingIn(this.#options.client, this.#options.stop)
    if (missing.length > 0)
      throw new OdooRefused(200, '', `the module milepost in Odoo is another one (${missing.join(', ')}): ${INSTALL}`)
    this.#isInstalled = true
  }

  /** Told once; that it goes on is not told again. */
  #shut(reason: string, forMs: Millis): Unavailable {
    const isNews = this.#reason === undefined || kindOf(this.#reason) !== kindOf(reason)
    this.#reason = reason
    this.#shutUntil = this.#now() + forMs
    this.#isInstalled = false
    if (isNews) this.#options.logger.warn({ reason }, 'Odoo gets no records for now; they are kept')
    return new Unavailable(reason, forMs)
  }
}

function stopping(stop: AbortSignal): void {
  if (stop.aborted) throw new Unavailable('stopping', 0)
}

/** How an Odoo is away may differ from try to try; what it refuses is news. */
const kindOf = (reason: string): string => (reason.startsWith('Odoo is away') ? 'away' : reason)

/** What Odoo refuses, and what to do about it. */
function refusal({ status, message }: OdooRefused): string {
  if (status === 401) return `Odoo does not know the key (${message}): make a new one, set it, and restart`
  if (status === 404 && message.includes('x_milepost'))
    return `the module milepost is not installed in Odoo: ${INSTALL}`
  if (status === 403) return `Odoo refuses (${message}): "milepost odoo check" says which right is missing`
  return `Odoo refuses: ${message}`
}
