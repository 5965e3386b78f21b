import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { connect } from '../../../sinks/clickhouse/client.ts'
import { migrate, migrationsIn, pendingOf } from '../../../sinks/clickhouse/migrate.ts'
import { password, running, temporaryFolder } from './support.ts'

const gateway = await running()
const inDatabase = (database: string) => {
  const clickhouse = connect({ url: gateway.url, user: 'milepost', password, database })
  after(() => clickhouse.close())
  return clickhouse
}

suite('migrations', () => {
  const all = migrationsIn()
  const names = all.map(({ name }) => name)

  test('each may be run twice, and is one statement', async () => {
    const clickhouse = inDatabase('twice')
    await migrate(clickhouse)
    for (const { name, sql } of all) {
      assert.match(
        sql,
        /^(?:CREATE (?:(?:TABLE|MATERIALIZED VIEW) IF NOT EXISTS|OR REPLACE VIEW)|ALTER TABLE \w+\s+MODIFY COLUMN) /,
        name,
      )
      await clickhouse.command(sql)
    }
  })
  test('an empty database gets all, and then none', async () => {
    const clickhouse = inDatabase('empty')
    assert.deepEqual(await migrate(clickhouse), names)
    assert.deepEqual(await migrate(clickhouse), [])
  })
  test('an existing one gets what it lacks, and keeps its rows', async () => {
    const clickhouse = inDatabase('existing')
    assert.deepEqual(await migrate(clickhouse, all.slice(0, 14)), names.slice(0, 14))
    await clickhouse.command("INSERT INTO late (event_id, key) VALUES ('x', 'kept')")
    assert.deepEqual(await migrate(clickhouse), names.slice(14))
    assert.deepEqual(await clickhouse.query('SELECT key FROM late'), [{ key: 'kept' }])
  })
  test('one that was cut off is run again', async () => {
    const clickhouse = inDatabase('cut')
    await migrate(clickhouse, all.slice(0, 2))
    await clickhouse.command(all[2]?.sql ?? '')
    assert.deepEqual(await migrate(clickhouse), names.slice(2))
  })
  test('one that fails is not recorded', async () => {
    const clickhouse = inDatabase('failing')
    const broken = {
      number: 3,
      name: '0003_broken',
      sql: 'CREATE TABLE IF NOT EXISTS broken (a Nonsense) ENGINE = Memory',
      checksum: 'x',
    }
    await assert.rejects(migrate(clickhouse, [...all.slice(0, 2), broken]), /Nonsense/)
    assert.deepEqual(await migrate(clickhouse), names.slice(2))
  })
  test('a changed one, and a database of a newer release, are refused', async () => {
    const clickhouse = inDatabase('refused')
    await migrate(clickhouse)
    const changed = all.map(one => (one.number === 5 ? { ...one, checksum: 'other' } : one))
    await assert.rejects(
      migrate(clickhouse, changed),
      new RegExp(`Migration ${names[4] ?? ''} was changed after it had been applied`),
    )
    await assert.rejects(
      migrate(clickhouse, all.slice(0, -1)),
      new RegExp(`made by a newer release of Milepost: it has migration ${names.at(-1) ?? ''}`),
    )
    assert.throws(() => pendingOf(all, all.slice(1, 3)), /lacks migration 1/)
  })
  test('the database may be called otherwise, quotes and all', async () => {
    const clickhouse = inDatabase('acme-milepost')
    await migrate(clickhouse)
    assert.deepEqual(await clickhouse.query('SELECT count() AS c FROM lag_by_source'), [{ c: '0' }])
  })
  test('files that are not numbered without gaps are refused', () => {
    for (const files of [['0002_a.sql'], ['0001_a.sql', '0003_b.sql'], ['0001_a.sql', '0001_b.sql'], ['1_a.sql']]) {
      const folder = temporaryFolder()
      for (const file of files) writeFileSync(join(folder, file), 'SELECT 1')
      assert.throws(() => migrationsIn(folder), /are numbered/)
    }
  })
  test('line ends of a checkout on Windows change nothing', () => {
    const folder = temporaryFolder()
    const path = join(import.meta.dirname, '../../../sinks/clickhouse/migrations/0001_vehicle_positions.sql')
    writeFileSync(join(folder, '0001_vehicle_positions.sql'), readFileSync(path, 'utf8').replaceAll('\n', '\r\n'))
    assert.equal(migrationsIn(folder)[0]?.checksum, all[0]?.checksum)
  })
})
