/** The dashboards: what Grafana is given is what the code says, is sound, and every query of it works. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { type Panel, VariableType } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Dashboard } from '../../dashboards/grafana/board.ts'
import { dashboards } from '../../dashboards/grafana/boards.ts'
import { tables } from '../../sinks/clickhouse/tables.ts'
import type { ClickHouse } from '../../sinks/clickhouse/client.ts'
import { DASHBOARDS, generatedDashboards } from '../../tools/dashboards.ts'
import { send } from '../../tools/feeder/send.ts'
import { makeWorld } from '../../tools/feeder/world.ts'
import { installation } from '../support/installation.ts'
import { positions } from '../support/positions.ts'
import { expanded, type Seen } from './macros.ts'
import { faultsOf, panelsOf, queryOf, sqlOf, variablesOf } from './structure.ts'

test('what Grafana is given is what npm run generate makes', () => {
  for (const [name, text] of generatedDashboards())
    assert.equal(
      readFileSync(join(import.meta.dirname, '../..', DASHBOARDS, name), 'utf8'),
      text,
      `${name}: npm run generate`,
    )
})

suite('structure', () => {
  for (const [name, board] of dashboards) test(`${name} is sound`, () => assert.deepEqual(faultsOf(board), []))

  test('each has an address of its own', () => {
    const uids = [...dashboards.values()].map(({ uid }) => uid)
    assert.equal(new Set(uids).size, uids.length)
  })

  const [board] = dashboards.values()
  const broken: readonly (readonly [string, (panel: Panel, at: number) => Panel, RegExp])[] = [
    [
      'a panel over another',
      (panel, n) => (n === 2 ? { ...panel, gridPos: { x: 1, y: 1, w: 6, h: 4 } } : panel),
      /lies over/,
    ],
    ['one beyond the edge', panel => ({ ...panel, gridPos: { x: 20, y: 99, w: 6, h: 4 } }), /outside of the grid/],
    ['ids that are shared', panel => ({ ...panel, id: 1 }), /share an id/],
    ['no unit', panel => ({ ...panel, fieldConfig: { defaults: {}, overrides: [] } }), /no unit/],
    ['a data source by its name', panel => ({ ...panel, datasource: { uid: 'x' } }), /not the data source/],
    ['no description', panel => ({ ...panel, description: '' }), /does not say/],
  ]
  for (const [what, plant, fault] of broken)
    test(`${what} is found`, () => {
      const planted = (board?.panels ?? []).map((panel, n) => (panel.type === 'row' ? panel : plant(panel as Panel, n)))
      assert.match(faultsOf({ ...(board as Dashboard), panels: planted }).join('\n'), fault)
    })
})

test('each hop that says something is in the dashboard of the pipeline', () => {
  const panel = panelsOf(dashboards.get('lag-and-pipeline') as Dashboard).find(
    ({ title }) => title === 'What each hop said',
  )
  assert.ok(panel)
  const asked = [...queryOf(panel).rawSql.matchAll(/FROM (\w+)/g)].map(([, name]) => name)
  // These say what people did, or what was not handled, which has panels of its own.
  const others = ['case_actions', 'refused', 'late', 'dead_letters', 'audit']
  assert.deepEqual(
    asked.toSorted(),
    tables
      .map(({ name }) => name)
      .filter(name => !others.includes(name))
      .toSorted(),
  )
})

/** Panels of what there need not be. */
const MAY_BE_EMPTY = new Set(['Late', 'Dead letters'])
const START = Date.UTC(2026, 2, 2)

test('every query of every dashboard answers, of a world that has moved', { timeout: 180_000 }, async t => {
  const world = makeWorld({ seed: 5, startAt: START, vehicles: 4, shipmentsPerVehicle: 3, fixEverySeconds: 60 })
  const partners = [...new Set(world.deliveries.flatMap(each => (each.kind === 'carrier' ? [each.partner] : [])))]
  const { at, up, post, caughtUp } = await installation(t, { partners })
  await up('all')
  const sent = { url: at.url, token: await at.token(), secrets: at.secrets }
  // Not to the end: something has to be under way.
  await send(world.deliveries.slice(0, Math.floor(world.deliveries.length * 0.8)), sent, { withReceivedAt: true })
  await post([{ ...positions('v', 0, 1)[0], latitude: 91 }])
  await caughtUp()
  const clickhouse = await at.clickhouse()
  const to = Math.max(Date.parse(world.truth.finalTick), Date.now()) + 60_000
  const all: Seen = { from: START, to, intervalS: 3_600, chosen: {} }
  for (const [name, board] of dashboards) {
    const options = await choicesOf(board, clickhouse, all)
    const some = Object.fromEntries(Object.entries(options).map(([variable, values]) => [variable, values.slice(0, 2)]))
    const counts = await Promise.all(
      panelsOf(board).map(async panel => {
        const rows = await clickhouse.query<Row>(expanded(queryOf(panel).rawSql, all))
        // What is chosen only leaves some out.
        await clickhouse.query(expanded(queryOf(panel).rawSql, { ...all, chosen: some }))
        if (!MAY_BE_EMPTY.has(panel.title ?? '') || panel.type === 'stat')
          assertSound(`${name}: ${panel.title ?? ''}`, panel, rows)
        return `${panel.title ?? ''} ${rows.length}`
      }),
    )
    t.diagnostic(`${name}: ${counts.join(', ')}`)
  }
  const [panel] = panelsOf(dashboards.get('eta-accuracy') as Dashboard)
  assert.ok(panel)
  const planted = queryOf(panel).rawSql.replaceAll('shipment_etas', 'shipment_eta')
  await assert.rejects(clickhouse.query(expanded(planted, all)), /shipment_eta/)
})

type Row = Readonly<Record<string, unknown>>

/** What can be chosen, which has to be something. */
async function choicesOf(board: Dashboard, clickhouse: ClickHouse, seen: Seen): Promise<Record<string, string[]>> {
  const options: Record<string, string[]> = {}
  for (const variable of variablesOf(board).filter(({ type }) => type === VariableType.Query)) {
    const rows = await clickhouse.query<Row>(expanded(sqlOf(variable), seen))
    options[variable.name] = rows.map(row => String(Object.values(row)[0]))
    assert.ok(rows.length > 0 && rows.every(row => Object.keys(row).length === 1), variable.name)
  }
  return options
}

function assertSound(where: string, panel: Panel, rows: readonly Row[]): void {
  const [row] = rows
  assert.ok(row, `${where}: nothing`)
  const columns = Object.entries(row)
  if (panel.type === 'stat') assert.equal(rows.length, 1, where)
  else if (panel.type === 'timeseries') assert.equal(columns[0]?.[0], 'time', where)
  const isFigure = (value: unknown) => value !== null && value !== '' && Number.isFinite(Number(value))
  if (panel.type !== 'table')
    assert.ok(
      columns.some(([, value]) => isFigure(value)),
      `${where}: ${JSON.stringify(row)}`,
    )
  for (const { matcher } of panel.fieldConfig?.overrides ?? [])
    assert.ok(Object.hasOwn(row, String(matcher.options)), `${where} has no column ${String(matcher.options)}`)
}
