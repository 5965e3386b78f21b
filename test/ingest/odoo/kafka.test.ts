/** On Kafka one of several processes reads Odoo, and another goes on from what that one had committed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ODOO_TASK } from '../../../ingest/odoo/book.ts'
import { OdooClient } from '../../../odoo/client.ts'
import { OdooPoll } from '../../../ingest/odoo/poll.ts'
import { localWire } from '../../../schemas/codec.ts'
import type { OdooChange } from '../../../schemas/generated/events.ts'
import { clockTicks, odooChanges } from '../../../schemas/topics.ts'
import type { Event } from '../../../streams/event.ts'
import type { KafkaLog } from '../../../streams/log/kafka/kafka.ts'
import type { Instant } from '../../../streams/time.ts'
import { standIn } from '../../../tools/odoo/server.ts'
import { OdooStore } from '../../../tools/odoo/store.ts'
import { confirm, settle } from '../../../tools/odoo/world.ts'
import { installation, skip, until } from '../../streams/log/kafka/broker.ts'

const PICKING = 'stock.picking'
const topics = new Map([
  [odooChanges.name, 3],
  [clockTicks.name, 1],
])

test('of two processes one reads; when it is gone the other goes on, and nothing is said twice', { skip }, async t => {
  const store = new OdooStore()
  const world = settle(store)
  const deliver = (n: number) =>
    store.do(tx =>
      Array.from({ length: n }, (_, i) =>
        confirm(tx, { type: world.outgoing[0] ?? 0, partner: world.customers[i % 12] ?? 0, at: Date.now() }),
      ),
    )
  deliver(120)
  const odoo = await standIn({ store, database: 'lab', keys: new Map([['good-key', { id: 5, companies: [1, 2] }]]) })
  t.after(() => odoo.close())
  const place = installation(t)
  const open = () =>
    place.open({ topics, groups: () => new Map([[ODOO_TASK, [ODOO_TASK]]]), broadcast: [clockTicks.name] })
  const process = (log: KafkaLog) => {
    const stop = new AbortController()
    const poll = new OdooPoll({
      ...{ log, wire: localWire, pageRows: 25, every: { restMs: 50, pollMs: 200 } },
      client: new OdooClient({ url: odoo.url, database: 'lab', apiKey: 'good-key' }),
      receivedAt: () => Date.now() as Instant,
      metrics: { records: { inc: () => undefined } },
      gauges: { readUntil: { set: () => undefined }, firstReading: { set: () => undefined } },
      logger: { info: () => undefined, warn: () => undefined },
    })
    const ended = poll.run(stop.signal)
    return {
      end: async () => {
        stop.abort()
        await ended
      },
    }
  }
  const looking = await open()
  const said = async (): Promise<OdooChange[]> => {
    const found: OdooChange[] = []
    for (let partition = 0; partition < 3; partition++) {
      const records = await looking.read(odooChanges.name, partition, 0, { records: 100_000, bytes: 1 << 28 })
      for (const { value } of records) found.push((localWire.open(odooChanges, value, null) as Event<OdooChange>).value)
    }
    return found.filter(({ model }) => model === PICKING)
  }
  const first = process(await open())
  await until(said, ({ length }) => length >= 120, 30_000)
  const second = process(await open())
  deliver(50)
  await until(said, ({ length }) => length >= 170, 30_000)
  await first.end()
  deliver(50)
  await until(said, ({ length }) => length >= 220, 30_000)
  await second.end()
  const all = await said()
  assert.equal(all.length, 220)
  assert.equal(new Set(all.map(({ id }) => id)).size, 220)
})
