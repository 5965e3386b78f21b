/**
 * The configuration of the ClickHouse server, read by the embedded engine, which is of the same make: it merges the
 * files, takes in the hashes, and holds its user to the rights. It has one user, `default`: each of ours is tried
 * under that name.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { migrationsIn } from '../../sinks/clickhouse/migrate.ts'
import { tables } from '../../sinks/clickhouse/tables.ts'
import type { Outcome, Task } from './clickhouse-session.ts'
import { type Ending, prepared, ROOT } from './compose.ts'

const read = (file: string) => readFileSync(join(ROOT, 'deploy/clickhouse', file), 'utf8')
const { secrets } = prepared({ after })
const passwords = join(secrets, 'clickhouse/passwords.xml')

/** What the image brings, in short: the files that ours are merged over. */
const THEIR_CONFIG = (folder: string) => `<clickhouse>
  <users_config>${folder}/users.xml</users_config>
  <mark_cache_size>5368709120</mark_cache_size>
  <mysql_port>9004</mysql_port>
  <logger><level>trace</level><log>${folder}/server.log</log></logger>
</clickhouse>`
const THEIR_USERS = `<clickhouse>
  <profiles><default/><readonly><readonly>1</readonly></readonly></profiles>
  <users><default>
    <password/><profile>default</profile><quota>default</quota><networks><ip>::/0</ip></networks>
  </default></users>
  <quotas><default/></quotas>
</clickhouse>`

/** Ours as it stands; the switch that it needs is in config.xml, which only a server heeds. */
const ourUsers = () =>
  read('users.xml').replace('/secrets/clickhouse/passwords.xml', passwords).replace('<changeable_in_readonly/>', '')
/** `name` is called `default`, and needs no password. */
const ourUsersAs = (name: string) =>
  ourUsers()
    .replace('<default remove="remove"/>', '')
    .replace(
      `<${name}>\n      <password_sha256_hex incl="${name}_password"/>`,
      '<default replace="replace"><no_password/>',
    )
    .replace(new RegExp(`</${name}>(?=\\s*(?:<analyst>|</users>))`), '</default>')

const PATIENCE_MS = 90_000

/** What a session of its own process says; undefined: it hung and was killed. */
async function answered(input: string): Promise<{ readonly stdout: string; readonly said: string } | undefined> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'clickhouse-session.ts')], { stdio: 'pipe' })
  const hung = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  child.stdin.end(input)
  const [stdout, said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  clearTimeout(hung)
  return child.signalCode === 'SIGKILL' ? undefined : { stdout, said }
}

interface Ran extends Outcome {
  readonly said: string
}

/** Opens a database with the configuration of ours and these users, and runs statements in it. */
async function session(
  users: string,
  task: Partial<Task> & Pick<Task, 'database'>,
  config = read('config.xml'),
): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-server-'))
  try {
    for (const name of ['config', 'users']) mkdirSync(join(folder, `${name}.d`))
    writeFileSync(join(folder, 'config.xml'), THEIR_CONFIG(folder))
    writeFileSync(join(folder, 'config.d/milepost.xml'), config.replace('/var/lib/clickhouse', task.database))
    writeFileSync(join(folder, 'users.xml'), THEIR_USERS)
    writeFileSync(join(folder, 'users.d/milepost.xml'), users)
    const input = JSON.stringify({ config: join(folder, 'config.xml'), migrate: false, statements: [], ...task })
    // On a machine with far too much to do the engine has hung, a few times in some hundred runs: once more, then.
    const { stdout, said } = (await answered(input)) ?? (await answered(input)) ?? { stdout: '', said: 'it hangs' }
    const last = stdout.trim().split('\n').at(-1) ?? ''
    assert.ok(last.startsWith('{'), `${stdout}\n${said}`)
    return { ...(JSON.parse(last) as Outcome), said: stdout + said }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function database(t: Ending): string {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-rights-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('nobody gets in without a name of ours', async t => {
  assert.equal((await session(ourUsers(), { database: database(t) })).opened, false)
  assert.equal((await session(ourUsersAs('analyst'), { database: database(t) })).opened, true)
})

test('the hashes are those that were drawn', async t => {
  const right = readFileSync(passwords, 'utf8')
  const broken = join(database(t), 'broken.xml')
  writeFileSync(broken, right.replace(/<analyst_password>../, '<analyst_password>zz'))
  const ran = await session(ourUsersAs('milepost').replace(passwords, broken), { database: database(t) })
  assert.ok(!ran.opened && /password hash.*user 'analyst'/s.test(ran.said), ran.said)
  const without = await session(ourUsersAs('milepost').replace(passwords, '/nowhere.xml'), { database: database(t) })
  assert.ok(!without.opened, 'a server without hashes must not start')
})

const place = database({ after })

test('milepost may do what its sinks and its backups need, and nothing outside of its database', async () => {
  const allowed = [
    "INSERT INTO milepost.audit (event_id, source, actor, action, target) VALUES ('e', 's', 'a', 'b', 'c')",
    "INSERT INTO FUNCTION null('a String') VALUES ('x')",
    'DESCRIBE TABLE milepost.audit',
    'SELECT count() FROM milepost.audit FINAL',
    'OPTIMIZE TABLE milepost.audit FINAL',
    'ALTER TABLE milepost.vehicle_positions DELETE WHERE occurred_at < now() - INTERVAL 1 YEAR',
    'TRUNCATE TABLE milepost.position_lag',
    'SHOW TABLES FROM milepost',
    "BACKUP DATABASE milepost TO File('2026-03-02')",
    'SELECT version()',
  ]
  const refused = [
    'CREATE DATABASE other',
    'DROP DATABASE milepost',
    'CREATE TABLE default.t (a UInt8) ENGINE = Memory',
    "CREATE USER someone IDENTIFIED BY 'x'",
    'SELECT * FROM system.users',
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SELECT * FROM file('/etc/passwd', 'CSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    'SYSTEM SHUTDOWN',
  ]
  const ran = await session(ourUsersAs('milepost'), {
    database: place,
    migrate: true,
    statements: [...allowed, ...refused],
  })
  assert.equal(ran.migrated, migrationsIn().length)
  assertRights(ran, allowed, refused)
})

test('analyst reads every table and view, for a minute at most, and only reads', async () => {
  const views = ['current_shipments', 'current_milestones', 'current_etas', 'open_cases', 'lag_by_source']
  const allowed = [
    ...[...tables.map(({ name }) => name), ...views].map(name => `SELECT * FROM milepost.${name} LIMIT 1`),
    'SELECT name FROM system.tables WHERE database = currentDatabase()',
    "SELECT 1 WHERE getSetting('max_execution_time') = 60 AND getSetting('readonly') = 1",
  ]
  const refused = [
    "INSERT INTO milepost.audit (event_id) VALUES ('f')",
    'TRUNCATE TABLE milepost.audit',
    'CREATE TABLE milepost.t (a UInt8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE t (a UInt8)',
    'ALTER TABLE milepost.audit DELETE WHERE 1',
    'DROP TABLE milepost.audit',
    'SET max_execution_time = 0',
    'SET max_memory_usage = 0',
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SELECT * FROM file('/etc/passwd', 'CSV', 'a String')",
    'SELECT * FROM system.users',
  ]
  const ran = await session(ourUsersAs('analyst'), { database: place, statements: [...allowed, ...refused] })
  assertRights(ran, allowed, refused)
})

test('a right too much or too little would be found', async t => {
  const poorer = ourUsersAs('milepost').replace('CREATE DATABASE, ', '')
  const make = 'CREATE DATABASE milepost'
  const [poor] = (await session(poorer, { database: database(t), statements: [make] })).answers
  assert.match(poor && 'error' in poor ? poor.error : 'allowed', /ACCESS_DENIED/)
  const richer = ourUsersAs('analyst')
    .replace('GRANT SHOW, SELECT ON milepost.*', 'GRANT ALL ON *.*')
    .replace('<readonly>1', '<readonly>0')
  const [rich] = (await session(richer, { database: database(t), statements: ['CREATE DATABASE other'] })).answers
  assert.deepEqual(rich, { text: '' })
})

function assertRights({ opened, answers, said }: Ran, allowed: readonly string[], refused: readonly string[]): void {
  assert.ok(opened, said)
  for (const [at, sql] of [...allowed, ...refused].entries()) {
    const answer = answers[at]
    const error = answer && 'error' in answer ? answer.error : undefined
    if (at < allowed.length) assert.equal(error, undefined, sql)
    else assert.match(error ?? 'it was allowed', /ACCESS_DENIED|READONLY|SETTING_CONSTRAINT_VIOLATION/, sql)
  }
}

test('the server’s settings are those of the file, over the image’s', async t => {
  const asked = [
    "SELECT value FROM system.merge_tree_settings WHERE name = 'fsync_after_insert'",
    "SELECT value FROM system.merge_tree_settings WHERE name = 'fsync_part_directory'",
    "SELECT value FROM system.server_settings WHERE name = 'mark_cache_size'",
  ]
  const users = THEIR_USERS
  const { answers } = await session(users, { database: database(t), statements: asked })
  assert.deepEqual(answers, [{ text: '1' }, { text: '1' }, { text: '268435456' }])
  const other = await session(users, { database: database(t), statements: asked }, '<clickhouse/>')
  assert.notDeepEqual(other.answers, answers)
})
