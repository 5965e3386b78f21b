/** A stand-in Odoo, a log in memory, and who reads the one into the other. */
import type { TestContext } from 'node:test'
import { OdooBook } from '../../../ingest/odoo/book.ts'
import { OdooClient } from '../../../odoo/client.ts'
import { OdooPoll, type Pace } from '../../../ingest/odoo/poll.ts'
import { localWire } from '../../../schemas/codec.ts'
import type { OdooChange } from '../../../schemas/generated/events.ts'
import { odooChanges } from '../../../schemas/topics.ts'
import type { Event } from '../../../streams/event.ts'
import { Disk, MemoryLog, type Weather } from '../../../streams/log/memory.ts'
import { place } from '../../../streams/log/log.ts'
import type { Instant } from '../../../streams/time.ts'
import type { User } from '../../../tools/odoo/methods.ts'
import { standIn, type StandInOptions } from '../../../tools/odoo/server.ts'
import { OdooStore } from '../../../tools/odoo/store.ts'
import { settle } from '../../../tools/odoo/world.ts'

const MORNING = Date.parse('2026-03-02T06:00:00Z')

export interface Wishes {
  readonly user?: Partial<User>
  readonly pageRows?: number
  readonly weather?: StandInOptions['weather']
}

export async function reading(test: TestContext, { user, pageRows = 20, weather }: Wishes = {}) {
  const time = { at: MORNING }
  const store = new OdooStore(() => time.at)
  const world = settle(store)
  const odoo = await standIn({
    ...{ store, database: 'lab', ...(weather && { weather }) },
    keys: new Map([['key-of-the-bot', { id: 5, companies: [1, 2], ...user }]]),
  })
  test.after(() => odoo.close())
  const disk = new Disk(() => 3)
  const logged: string[] = []
  const tell = (fields: object, message: string) => logged.push(`${message} ${JSON.stringify(fields)}`)

  /** A process that reads: what another had is gone, but for what was committed. */
  const begin = async (log = new MemoryLog(disk), every: Partial<Pace> = { sweepMs: Infinity }) => {
    const poll = new OdooPoll({
      ...{ log, wire: localWire, pageRows, every },
      client: new OdooClient({ url: odoo.url, database: 'lab', apiKey: 'key-of-the-bot', timeoutMs: 2_000 }),
      receivedAt: () => time.at as Instant,
      now: () => time.at,
      metrics: { records: { inc: () => undefined } },
      gauges: { readUntil: { set: () => undefined }, firstReading: { set: () => undefined } },
      logger: { info: tell, warn: tell },
    })
    const book = await OdooBook.claim(log, 'lab')
    return { poll, book, log, round: () => poll.once(book) }
  }
  const said = (model?: string): Event<OdooChange>[] =>
    [0, 1, 2]
      .flatMap(n => disk.records.get(place(odooChanges.name, n)) ?? [])
      .map(({ value, cause }) => localWire.open(odooChanges, value, cause) as Event<OdooChange>)
      .filter(({ value }) => model === undefined || value.model === model)
  return {
    ...{ store, world, odoo, disk, logged, begin, said },
    /** It is so much later. */
    pass: (seconds: number) => void (time.at += seconds * 1_000),
    /** The last that was said of each record of a model that is there, by id. */
    rows: (model: string): Map<number, Record<string, unknown>> => {
      const last = new Map<number, OdooChange>()
      for (const { value } of said(model))
        if ((last.get(value.id)?.revision ?? 0) < value.revision) last.set(value.id, value)
      return new Map(
        [...last].flatMap(([id, { deleted, row }]) =>
          deleted ? [] : [[id, JSON.parse(row) as Record<string, unknown>] as const],
        ),
      )
    },
    dying: (when: Weather) => new MemoryLog(disk, when),
  }
}
