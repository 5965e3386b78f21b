/**
 * Cases in a real Odoo 19: opened, updated and closed while people write the same pickings and Odoo is killed; and the
 * module that shows them, which leaves nothing behind. MILEPOST_ODOO_CASES makes it more.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { install, uninstall } from '../../odoo/module/install.ts'
import { OdooAway, type OdooClient, OdooRefused } from '../../odoo/client.ts'
import { localWire } from '../../schemas/codec.ts'
import { deadLetterOf } from '../../schemas/dead-letters.ts'
import type { Case } from '../../schemas/generated/events.ts'
import { cases } from '../../schemas/topics.ts'
import { OdooGate } from '../../sinks/odoo/gate.ts'
import { odooSinks } from '../../sinks/odoo/sinks.ts'
import { Disk, MemoryLog } from '../../streams/log/memory.ts'
import { outgoing } from '../../streams/outgoing.ts'
import { runSinks } from '../../streams/run-sinks.ts'
import type { Instant } from '../../streams/time.ts'
import { clientOf, type Company, companyOf, order } from '../../tools/odoo-real/company.ts'
import { odooIsHere } from '../../tools/odoo-real/install.ts'
import { RealOdoo } from '../../tools/odoo-real/start.ts'
import { until } from '../support/installation.ts'

const CASES = Number(process.env['MILEPOST_ODOO_CASES'] ?? 300)
const PICKINGS = 20
const ALONE_MS = 6_000
const UPDATES = 4

const real = odooIsHere()
const skip = !real.here && real.why
let odoo: RealOdoo
let company: Company

before(
  async () => {
    if (!real.here) return
    odoo = await RealOdoo.start({ workers: 6 })
    company = await companyOf(clientOf(odoo, 'anna'))
  },
  { timeout: 120_000 },
)
after(async () => {
  if (real.here) await odoo.stop()
})

/** All that a module may leave behind, a line each. */
async function traces(): Promise<string[]> {
  const said = await odoo.sql(`
    SELECT 'column', table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'constraint', conname FROM pg_constraint
    UNION ALL SELECT 'model', model FROM ir_model
    UNION ALL SELECT 'field', model || '.' || name FROM ir_model_fields
    UNION ALL SELECT 'data', module || '.' || name || ' ' || model FROM ir_model_data
    UNION ALL SELECT 'view', id || ' ' || name FROM ir_ui_view
    UNION ALL SELECT 'menu', id || ' ' || name::text FROM ir_ui_menu
    UNION ALL SELECT 'action', id || ' ' || name::text || type FROM ir_actions
    UNION ALL SELECT 'right', id || ' ' || name FROM ir_model_access
    UNION ALL SELECT 'rule', id || ' ' || name FROM ir_rule
    UNION ALL SELECT 'module', name || ' ' || state FROM ir_module_module
    UNION ALL SELECT 'message', id || ' ' || coalesce(model, '') FROM mail_message
    UNION ALL SELECT 'activity', id::text FROM mail_activity
    UNION ALL SELECT 'follower', id::text FROM mail_followers
    UNION ALL SELECT 'file', id || ' ' || name FROM ir_attachment WHERE url IS NULL OR url NOT LIKE '/web/assets/%'
    ORDER BY 1, 2`)
  return said.split('\n')
}

test('installing the module, again, and taking it out leave Odoo as it was', { skip, timeout: 200_000 }, async t => {
  const admin = clientOf(odoo, 'admin')
  const before = await traces()
  const begun = performance.now()
  assert.equal((await install(admin)).before, undefined)
  const took = performance.now() - begun
  const installed = await traces()
  assert.ok(installed.length > before.length + 50)
  assert.notEqual((await install(admin)).before, undefined)
  assert.deepEqual(await traces(), installed, 'a second installation changes nothing')
  const picking = await ordered()
  const log = new PatientLog(new Disk(() => 1))
  await odoo.sql('SELECT 1')
  await delivering(log, async () => {
    await log.append([caseRecord(log, 0, picking, 1)])
    await until('the case is in Odoo', async () => (await kept()).length === 1)
  })
  const made = await traces()
  await uninstall(admin)
  t.diagnostic(`installed in ${Math.round(took)} ms, ${installed.length - before.length} more of everything`)
  const isOfTheOrder = new Set(made.filter(line => /^(?:message|follower|activity)\t/.test(line)))
  const left = (await traces()).filter(line => !before.includes(line) && !isOfTheOrder.has(line))
  assert.deepEqual(left, [])
  const gone = before.filter(line => !installed.includes(line))
  assert.deepEqual(gone, [])
})

/** One that lets others have their turn. */
class PatientLog extends MemoryLog {
  override async changed(seen: number): Promise<number> {
    await pause(20)
    return super.changed(seen)
  }
}

const ordered = (): Promise<number> =>
  order(clientOf(odoo, 'anna'), {
    ...{ company: company.companies[0], customer: company.customers[1] ?? 0, quantity: 3 },
    product: company.products[0] ?? 0,
  })

function caseRecord(log: MemoryLog, n: number, picking: number, revision: number, state: Case['state'] = 'open') {
  const at = Date.now() as Instant
  const value: Case = {
    occurredAt: at,
    caseId: `case-${String(n).padStart(5, '0')}`,
    kind: 'late',
    ...{ subjectKind: 'shipment', subjectId: `odoo-lab-picking-${picking}`, stopId: 'delivery' },
    shipmentId: `odoo-lab-picking-${picking}`,
    ...{ severity: n % 3 === 0 ? 'high' : 'medium', state, owner: null, openedAt: at },
    ...{ closedAt: state === 'resolved' ? at : null, closedBy: null },
    basis: `basis-${revision}`,
    evidence: JSON.stringify({ dueBy: at, expectedAt: at + 3_600_000 }),
    ...{ notes: [], customerId: null, carrierId: null, companyId: 'odoo-company-1', revision, retracted: false },
  }
  const said = { source: 'raise-cases', emittedAt: null, receivedAt: at, cause: null, sourceId: `${n}/${revision}` }
  return outgoing(localWire, log.partitionsOf, cases, value, said)
}

/** Do something while the sinks bring to Odoo what is in the log. */
async function delivering(log: MemoryLog, work: () => Promise<void>): Promise<void> {
  const stop = new AbortController()
  const client = clientOf(odoo, 'milepost')
  const logger = { info: () => undefined, warn: () => undefined }
  const gate = new OdooGate({ client, stop: stop.signal, logger })
  const sinks = odooSinks(gate, { tower: 'http://127.0.0.1:1', log: log.id }).map(sink => ({ sink, lingerMs: 50 }))
  const engine = { log, wire: localWire, deadLetter: deadLetterOf, records: 5_000, bytes: 8 << 20 }
  const running = runSinks(engine, sinks, stop.signal)
  try {
    await Promise.race([work(), running])
  } finally {
    stop.abort()
    await running
  }
}

interface KeptCase {
  readonly caseId: string
  readonly state: string
  readonly revision: number
  readonly picking: number
}
/** What Odoo has, by its tables. */
async function kept(): Promise<KeptCase[]> {
  const said = await odoo.sql('SELECT x_case_id, x_state, x_revision, x_picking_id FROM x_milepost_case ORDER BY 1, id')
  return said
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.split('\t'))
    .map(([caseId = '', state = '', revision, picking]) => {
      return { caseId, state, revision: Number(revision), picking: Number(picking) }
    })
}

/** Three people who write these pickings all the time; how long each write took. */
function people(clients: readonly OdooClient[], pickings: readonly number[]) {
  let open = true
  let took: number[] = []
  const failed: string[] = []
  const work = async (client: OdooClient, n: number) => {
    for (let turn = n; open; turn++) {
      const began = performance.now()
      try {
        const vals = { note: `seen ${turn}` }
        await client.call('stock.picking', 'write', { ids: [pickings[turn % pickings.length]], vals })
        took.push(performance.now() - began)
      } catch (error) {
        if (error instanceof OdooRefused) failed.push(error.message)
        else if (!(error instanceof OdooAway)) throw error
        await pause(100)
      }
      await pause(20)
    }
  }
  const all = Promise.all(clients.map(work))
  return {
    failed,
    /** How long they have taken since this was asked last. */
    felt: (): { p50: number; p95: number; writes: number } => {
      const sorted = took.toSorted((a, b) => a - b)
      took = []
      const at = (part: number) => Math.round(sorted[Math.floor(sorted.length * part)] ?? NaN)
      return { p50: at(0.5), p95: at(0.95), writes: sorted.length }
    },
    home: async () => {
      open = false
      await all
    },
  }
}

test(
  `${CASES} cases are opened, updated and closed while Odoo is killed and people write: each is one record, as it was said last`,
  { skip, timeout: 300_000 },
  async t => {
    await install(clientOf(odoo, 'admin'))
    const pickings: number[] = []
    for (let n = 0; n < PICKINGS; n++) pickings.push(await ordered())
    const pickingOf = (n: number) => pickings[n % PICKINGS] ?? 0
    const numbers = Array.from({ length: CASES }, (_, n) => n)
    const log = new PatientLog(new Disk(() => 3))
    const say = (revision: number, state: Case['state'] = 'open', of: readonly number[] = numbers) =>
      log.append(of.map(n => caseRecord(log, n, pickingOf(n), revision, state)))
    const writers = people(
      (['anna', 'ben', 'carla'] as const).map(login => clientOf(odoo, login)),
      pickings,
    )
    await pause(1_000)
    writers.felt()
    await pause(ALONE_MS)
    const alone = writers.felt()
    const closed = numbers.filter(n => n % 5 > 0)
    let kills = 0
    const killedOnce = async (when: (rows: readonly KeptCase[]) => boolean) => {
      await until('some of it is in Odoo', async () => when(await kept()))
      await odoo.kill()
      kills++
      await pause(500)
      await odoo.restart()
    }
    const has = async (revision: number, of: readonly number[] = numbers) => {
      const wanted = new Set(of.map(n => `case-${String(n).padStart(5, '0')}`))
      await until(
        `revision ${revision} is in Odoo`,
        async () =>
          (await kept()).filter(row => wanted.has(row.caseId) && row.revision === revision).length >= of.length,
        120_000,
      )
    }
    let felt = alone
    let updatedMs = 0
    await delivering(log, async () => {
      await say(1)
      await killedOnce(rows => rows.length > 0)
      await has(1)
      await say(2)
      await killedOnce(rows => rows.some(({ revision }) => revision === 2))
      await has(2)
      // Warm again: now for what people feel of it.
      await pause(1_000)
      writers.felt()
      const begun = performance.now()
      for (let revision = 3; revision < 3 + UPDATES; revision++) {
        await say(revision, 'acknowledged')
        await has(revision)
      }
      updatedMs = performance.now() - begun
      felt = writers.felt()
      await say(9, 'resolved', closed)
      await killedOnce(rows => rows.some(({ revision }) => revision === 9))
      await has(9, closed)
    })
    await writers.home()

    const rows = await kept()
    assert.equal(rows.length, CASES)
    const wanted = numbers.map(n => ({
      caseId: `case-${String(n).padStart(5, '0')}`,
      ...(n % 5 > 0 ? { state: 'resolved', revision: 9 } : { state: 'acknowledged', revision: 2 + UPDATES }),
      picking: pickingOf(n),
    }))
    assert.deepEqual(rows, wanted)
    const open = await clientOf(odoo, 'anna').call<{ x_milepost_open_cases: number }[]>('stock.picking', 'read', {
      ids: pickings,
      fields: ['x_milepost_open_cases'],
    })
    const openCases = open.reduce((sum, row) => sum + row.x_milepost_open_cases, 0)
    assert.equal(openCases, CASES - closed.length)
    assert.deepEqual(writers.failed, [])
    t.diagnostic(`killed ${kills} times; ${UPDATES * CASES} updates in ${Math.round(updatedMs)} ms`)
    t.diagnostic(
      `a picking’s write by people: alone p50 ${alone.p50} ms, p95 ${alone.p95} ms (${alone.writes}); with Milepost writing p50 ${felt.p50} ms, p95 ${felt.p95} ms (${felt.writes})`,
    )
  },
)
