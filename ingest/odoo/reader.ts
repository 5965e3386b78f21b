/** Reads Odoo into the log, page by page: what was written since the last time, what is to be read again, what is gone. */
import { odooChanges } from '../../schemas/topics.ts'
import { digest, type Wire } from '../../streams/event.ts'
import type { Outgoing, Partitions } from '../../streams/log/log.ts'
import { outgoing } from '../../streams/outgoing.ts'
import { type Instant, seconds } from '../../streams/time.ts'
import type { OdooBook, Owed, Progress, Seen, SeenRow } from './book.ts'
import { type OdooClient, OdooRefused } from '../../odoo/client.ts'
import { anyOf, type Domain, type OdooModel, PICKING, type Specification } from './models.ts'
import {
  changeOf,
  deletionOf,
  hashOf,
  isOver,
  isRow,
  lastOf,
  type OdooRow,
  shifted,
  watchedAt,
  writeDateOf,
} from './row.ts'

/**
 * A write_date is the start of the transaction that wrote it: what a transaction of this length commits may be older than what was
 * read before. Longer ones are found by the sweep.
 */
const OVERLAP_MS = seconds(150)
const EPOCH = '1970-01-01 00:00:00'
/** Instead of the hash of a record that was over when it was first read; archived ones are read too. */
const UNSAID = ''
const CONTEXT = { active_test: false }

export interface ReaderNeeds {
  readonly client: OdooClient
  readonly book: OdooBook
  readonly wire: Wire
  readonly partitionsOf: Partitions
  /** When it is, for what is received. */
  readonly receivedAt: () => Instant
  readonly now?: () => number
  /** Rows of a page, and ids of a page of the sweep. */
  readonly pageRows?: number
  readonly sweepRows?: number
  /** So many records were said, and the model is so far. */
  readonly onPage?: (model: string, said: number, progress: Progress) => void
  readonly stop?: AbortSignal
}

interface Ask {
  readonly domain: Domain
  readonly order: string
  /** A page of rows, unless told. */
  readonly limit?: number
  /** All that is read of the model, unless told. */
  readonly specification?: Specification
}

export class OdooReader {
  readonly #needs: ReaderNeeds
  readonly #pageRows: number
  readonly #sweepRows: number
  readonly #source: string

  constructor(needs: ReaderNeeds) {
    this.#needs = needs
    this.#pageRows = needs.pageRows ?? 200
    this.#sweepRows = needs.sweepRows ?? 5_000
    this.#source = `odoo:${needs.client.database}`
  }

  /** Read what was written since the last time; at first everything. Goes on where a pass was broken off. */
  async poll(model: OdooModel): Promise<void> {
    const asked = digest(JSON.stringify(model.specification))
    const before = this.#needs.book.progressOf(model.name)
    let progress = before.asked === asked ? before : { ...before, cursor: null, pass: null, asked }
    if (!progress.pass) {
      const since = progress.cursor === null ? EPOCH : shifted(progress.cursor, -OVERLAP_MS)
      const page = await this.#since(model, since)
      if (page.length < this.#pageRows) {
        const cursor = lastOf(page, progress.cursor)
        return this.#say(model, page, { ...counted(progress, page), cursor, synced: true })
      }
      // More than a page: what is written meanwhile is found by the pass after this one, from the marker on.
      const marker = (await this.#newest(model)) ?? since
      progress = { ...progress, pass: { marker, second: since, afterId: null } }
      await this.#say(model, [], progress)
    }
    while (progress.pass) progress = await this.#turnPage(model, progress, progress.pass)
  }

  /**
   * The next page of a pass. Rows come in the order of the microseconds that Odoo keeps, and are asked for by the seconds
   * that it tells: so the last second of a page is read again, and one that fills a page by its ids.
   */
  async #turnPage(model: OdooModel, before: Progress, pass: NonNullable<Progress['pass']>): Promise<Progress> {
    const { second, afterId, marker } = pass
    const page = afterId === null ? await this.#since(model, second) : await this.#inSecond(model, second, afterId)
    const isFull = page.length >= this.#pageRows
    const last = page.at(-1)
    const progress = counted(before, page)
    const next = ((): Progress => {
      if (afterId !== null)
        return isFull && last
          ? { ...progress, pass: { ...pass, afterId: last.id } }
          : { ...progress, pass: { ...pass, second: shifted(second, seconds(1)), afterId: null } }
      if (!isFull || !last) return { ...progress, cursor: marker, pass: null, synced: true }
      const reached = writeDateOf(last) ?? second
      const first = page[0] ? writeDateOf(page[0]) : null
      if (reached > second && first !== reached) return { ...progress, pass: { ...pass, second: reached } }
      return { ...progress, pass: { ...pass, second: reached, afterId: 0 } }
    })()
    await this.#say(model, page, next)
    return next
  }

  /** Read again what points to what changed. */
  async payOwed(models: readonly OdooModel[]): Promise<void> {
    for (const [name, all] of Map.groupBy(this.#needs.book.owed(), ({ model }) => model)) {
      const { model: by, fields = [] } = models.find(model => model.name === name)?.pointedToBy ?? {}
      const readAgain = models.find(model => model.name === by)
      // What pointed to one that is gone nobody can say any more.
      const isGone = all.some(({ id }) => id === null)
      for (const paid of isGone ? [all] : pages(all, this.#pageRows)) {
        const ids = paid.map(({ id }) => id)
        const concerned = isGone ? [] : anyOf(fields.map(field => [field, 'in', ids] as const))
        if (!readAgain || fields.length === 0) await this.#write({ name }, [], [], { paid })
        else await this.#again(readAgain, concerned, paid)
      }
    }
  }

  /**
   * What is not there any more is said to be gone; what was written without being noticed is read. By pages of ids, each of which Odoo
   * shows as of one moment.
   */
  async sweep(model: OdooModel): Promise<void> {
    const { book } = this.#needs
    if (!book.progressOf(model.name).synced) return
    const limit = this.#sweepRows
    for (let after = 0, more = true; more;) {
      const domain: Domain = [['id', '>', after]]
      const page = await this.#ask(model, { domain, order: 'id', limit, specification: { write_date: {} } })
      more = page.length >= limit
      const until = more ? (page.at(-1)?.id ?? after) : Math.max(after, book.progressOf(model.name).topId)
      const known = book.seenBetween(model.name, after, until)
      const there = new Set(page.map(({ id }) => id))
      const gone = [...known].filter(([id, { deleted }]) => !deleted && !there.has(id))
      if (gone.length > 0) await this.#sayGone(model, gone)
      const isNews = (row: OdooRow) => {
        const seen = known.get(row.id)
        return !seen || seen.deleted || seen.writeDate !== writeDateOf(row)
      }
      await this.#read(
        model,
        page.filter(isNews).map(({ id }) => id),
      )
      after = until
    }
  }

  #since(model: OdooModel, second: string): Promise<OdooRow[]> {
    const domain: Domain = [['write_date', '>=', second]]
    return this.#ask(model, { domain, order: 'write_date, id' })
  }
  #inSecond(model: OdooModel, second: string, afterId: number): Promise<OdooRow[]> {
    const domain: Domain = [
      ['write_date', '>=', second],
      ['write_date', '<', shifted(second, seconds(1))],
      ['id', '>', afterId],
    ]
    return this.#ask(model, { domain, order: 'id' })
  }
  async #newest(model: OdooModel): Promise<string | null> {
    const order = 'write_date desc, id desc'
    const domain: Domain = [['write_date', '!=', false]]
    const [row] = await this.#ask(model, { domain, order, limit: 1, specification: { write_date: {} } })
    return row ? writeDateOf(row) : null
  }

  async #again(model: OdooModel, concerned: Domain, paid: readonly Owed[]): Promise<void> {
    const recent = model.name === PICKING ? watchedAt(this.#now()) : []
    for (let after = 0, more = true; more;) {
      const domain: Domain = [['id', '>', after], ...recent, ...concerned]
      const page = await this.#ask(model, { domain, order: 'id' })
      more = page.length >= this.#pageRows
      after = page.at(-1)?.id ?? after
      await this.#say(model, page, undefined, more ? {} : { paid })
    }
  }

  async #read(model: OdooModel, ids: readonly number[]): Promise<void> {
    for (const some of pages(ids, this.#pageRows)) {
      const domain: Domain = [['id', 'in', some]]
      await this.#say(model, await this.#ask(model, { domain, order: 'id' }))
    }
  }

  async #ask(model: OdooModel, asked: Ask): Promise<OdooRow[]> {
    const { client, stop } = this.#needs
    const { name, specification } = model
    const domain = [...model.domain, ...asked.domain]
    const body = { specification, limit: this.#pageRows, ...asked, domain, context: CONTEXT }
    const answer = await client.call<{ records?: unknown } | null>(name, 'web_search_read', body, stop)
    const rows: unknown = answer?.records
    if (Array.isArray(rows) && rows.every(isRow)) return rows
    throw new OdooRefused(200, '', `${name}: the answer to web_search_read has no records: is that Odoo 19?`)
  }

  /** Say what of these rows is news, in one commit with how far that brings us. */
  async #say(
    model: OdooModel,
    rows: readonly OdooRow[],
    progress?: Progress,
    debts: { readonly paid?: readonly Owed[] } = {},
  ): Promise<void> {
    const { book } = this.#needs
    const { synced, topId, ...before } = book.progressOf(model.name)
    const ids = rows.map(({ id }) => id)
    const known = book.seen(model.name, ids)
    const records: Outgoing[] = []
    const seen: SeenRow[] = []
    const owed: Owed[] = []
    for (const row of rows) {
      const last = known.get(row.id)
      const hash = hashOf(row)
      const writeDate = writeDateOf(row)
      // Nobody watches it any more: it is known to be there, and that is all.
      if ((!last || last.hash === UNSAID) && model.name === PICKING && isOver(row, this.#now())) {
        if (last?.writeDate !== writeDate)
          seen.push({ id: row.id, hash: UNSAID, revision: 0, writeDate, deleted: false })
        continue
      }
      const isNews = !last || last.deleted || last.hash !== hash
      if (!isNews && last.writeDate === writeDate) continue
      const revision = isNews ? this.#revisionAfter(last) : last.revision
      seen.push({ id: row.id, hash, revision, writeDate, deleted: false })
      if (!isNews) continue
      records.push(this.#record(model, hash, changeOf(row, this.#as(model, revision))))
      // In the first pass the pickings have not been read yet.
      if (synced && model.pointedToBy) owed.push({ model: model.name, id: row.id })
    }
    const highest = Math.max(topId, ...ids)
    const next = progress ?? { synced, topId, ...before }
    const isFurther = progress !== undefined || highest > topId
    await this.#write(model, records, seen, {
      owed,
      ...debts,
      ...(isFurther && { progress: { ...next, topId: highest } }),
    })
  }

  async #sayGone(model: OdooModel, gone: readonly (readonly [number, Seen])[]): Promise<void> {
    const records: Outgoing[] = []
    const seen: SeenRow[] = []
    for (const [id, last] of gone) {
      const revision = this.#revisionAfter(last)
      seen.push({ ...last, id, revision, deleted: true })
      if (last.hash === UNSAID) continue
      records.push(this.#record(model, 'deleted', deletionOf(id, this.#as(model, revision))))
    }
    const owed = model.pointedToBy ? [{ model: model.name, id: null }] : []
    await this.#write(model, records, seen, { owed })
  }

  async #write(
    { name }: Pick<OdooModel, 'name'>,
    records: readonly Outgoing[],
    seen: readonly SeenRow[],
    { progress, owed = [], paid = [] }: { progress?: Progress; owed?: readonly Owed[]; paid?: readonly Owed[] },
  ): Promise<void> {
    const { book, onPage } = this.#needs
    const before = book.progressOf(name)
    const changes = seen.length + owed.length + paid.length
    if (changes === 0 && (!progress || JSON.stringify(progress) === JSON.stringify(before))) return
    await book.write({ model: name, records, seen, owed, paid, ...(progress && { progress }) })
    onPage?.(name, records.length, progress ?? before)
  }

  /** Not less than the time, so that a book that was lost does not begin below what it had said. */
  #revisionAfter(last: Seen | undefined): number {
    return Math.max(this.#now(), (last?.revision ?? 0) + 1)
  }
  #now(): number {
    return (this.#needs.now ?? Date.now)()
  }
  #as({ name }: OdooModel, revision: number) {
    return { database: this.#needs.client.database, model: name, revision, readAt: this.#needs.receivedAt() }
  }
  #record(model: OdooModel, hash: string, change: ReturnType<typeof changeOf>): Outgoing {
    const { wire, partitionsOf, receivedAt } = this.#needs
    const sourceId = [change.database, model.name, change.id, change.revision, hash].join('/')
    const said = { source: this.#source, emittedAt: null, receivedAt: receivedAt(), cause: null, sourceId }
    return outgoing(wire, partitionsOf, odooChanges, change, said)
  }
}

const pages = <V>(all: readonly V[], rows: number): V[][] =>
  Array.from({ length: Math.ceil(all.length / rows) }, (_, n) => all.slice(n * rows, (n + 1) * rows))
const counted = (progress: Progress, page: readonly OdooRow[]): Progress =>
  progress.synced ? progress : { ...progress, read: progress.read + page.length }
