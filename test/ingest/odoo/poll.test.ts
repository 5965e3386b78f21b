/** Polling goes on: when somebody knocks, when Odoo is away, when a key is wrong; and one at a time. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { badKey, OdooError } from '../../../tools/odoo/errors.ts'
import { confirm } from '../../../tools/odoo/world.ts'
import { reading } from './reading.ts'

const PICKING = 'stock.picking'
const FAST = { pollMs: 60_000, restMs: 30, retryMs: 20, sweepMs: Infinity }

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i++) await sleep(20)
  assert.ok(holds())
}

test('a knock has Odoo polled at once, many knocks once', async t => {
  const { store, world, begin, rows, odoo } = await reading(t)
  const { poll, book } = await begin(undefined, FAST)
  await book.close()
  const stop = new AbortController()
  const running = poll.run(stop.signal)
  await until(() => (odoo.calls.get(`${PICKING}/web_search_read`) ?? 0) > 0)
  await sleep(100)
  const polls = odoo.calls.get(`${PICKING}/web_search_read`) ?? 0
  store.do(tx => confirm(tx, { type: world.outgoing[0] ?? 0, partner: world.customers[0] ?? 0, at: Date.now() }))
  await sleep(50)
  assert.equal(rows(PICKING).size, 0)
  for (let n = 0; n < 100; n++) poll.knock()
  await until(() => rows(PICKING).size === 1)
  await sleep(150)
  assert.ok((odoo.calls.get(`${PICKING}/web_search_read`) ?? 0) - polls <= 2)
  stop.abort()
  await running
})

test('what is wrong is told once, without the key, and Odoo is read when it is mended', async t => {
  let trouble: (() => void) | undefined = () => {
    throw badKey()
  }
  const { begin, said, logged } = await reading(t, {
    weather: () => {
      trouble?.()
      return undefined
    },
  })
  const { poll, book } = await begin(undefined, FAST)
  await book.close()
  const stop = new AbortController()
  const running = poll.run(stop.signal)
  await sleep(150)
  trouble = () => {
    throw new OdooError(503, '', 'starting')
  }
  await sleep(100)
  assert.equal(said().length, 0)
  trouble = undefined
  await until(() => said().length > 0)
  await until(() => logged.some(line => line.startsWith('Odoo is read again')))
  assert.equal(logged.filter(line => line.startsWith('Odoo can’t be read')).length, 1)
  assert.match(logged.join('\n'), /401 Invalid apikey/)
  assert.doesNotMatch(logged.join('\n'), /key-of-the-bot|Traceback/)
  stop.abort()
  await running
})

test('an answer that is none of Odoo’s ends nothing', async t => {
  let strange = true
  const { begin, said } = await reading(t, {
    weather: path => {
      if (strange && path.endsWith('web_search_read')) throw new OdooError(200, '', '{"length":1}')
      return undefined
    },
  })
  const { poll, book } = await begin(undefined, FAST)
  await book.close()
  const stop = new AbortController()
  const running = poll.run(stop.signal)
  await sleep(100)
  strange = false
  await until(() => said().length > 0)
  stop.abort()
  await running
})
