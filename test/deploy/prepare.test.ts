/** deploy/prepare.sh, run as the service `prepare` runs it, in a folder of the test. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { compose, mountsOf, prepared, type Prepared, ROOT, service, uidOf } from './compose.ts'

const filesOf = ({ secrets }: Prepared) => globSync('*/*', { cwd: secrets }).sort()
const read = ({ secrets }: Prepared, file: string) => readFileSync(join(secrets, file), 'utf8')
const DRAWN = ['clickhouse-analyst', 'clickhouse-milepost', 'grafana-admin', 'grafana-key', 'kafka-milepost']
/** By folder of the secrets, or by volume. */
const OWNERS: Readonly<Record<string, string>> = {
  ...{ milepost: 'ingest', state: 'processors', kafka: 'kafka', registry: 'registry' },
  ...{ clickhouse: 'clickhouse', grafana: 'grafana' },
}
const isRoot = process.getuid?.() === 0

test('it draws passwords of 192 bits, each another, and tells nobody', t => {
  const laid = prepared(t)
  const drawn = DRAWN.map(name => read(laid, `drawn/${name}`))
  for (const one of drawn) assert.match(one, /^[\w-]{32}$/)
  assert.equal(new Set(drawn).size, drawn.length)
  assert.equal(laid.said, '')
  assert.notDeepEqual(
    DRAWN.map(name => read(prepared(t), `drawn/${name}`)),
    drawn,
  )
})

test('each file is for its owner’s eyes only, in a folder that only he can enter', t => {
  const laid = prepared(t)
  const files = filesOf(laid)
  assert.equal(files.length, DRAWN.length + 7)
  for (const file of files) {
    const [folder = ''] = file.split('/')
    const [inner, outer] = [file, folder].map(path => statSync(join(laid.secrets, path)))
    assert.equal((inner?.mode ?? 0) & 0o777, 0o400, file)
    assert.equal((outer?.mode ?? 0) & 0o777, 0o700, folder)
    if (!isRoot) continue
    const owner = folder === 'drawn' ? 0 : uidOf(service(OWNERS[folder] ?? ''))
    assert.deepEqual([inner?.uid, outer?.uid], [owner, owner], file)
  }
})

test(
  'every volume that is written belongs to the user who writes it',
  { skip: !isRoot && 'only root gives away' },
  t => {
    const { volumes } = prepared(t)
    for (const [name, one] of Object.entries(compose.services))
      for (const { source, bound, readOnly } of mountsOf(one))
        if (!bound && !readOnly && name !== 'prepare')
          assert.equal(statSync(join(volumes, source)).uid, uidOf(one), `${name}: ${source}`)
  },
)

test('what the services get is what was drawn', t => {
  const laid = prepared(t)
  const [analyst, clickhouse, admin, key, kafka] = DRAWN.map(name => read(laid, `drawn/${name}`))
  assert.equal(read(laid, 'milepost/kafka-password'), kafka)
  assert.equal(read(laid, 'milepost/clickhouse-password'), clickhouse)
  assert.equal(read(laid, 'grafana/admin-password'), admin)
  assert.equal(read(laid, 'grafana/secret-key'), key)
  assert.equal(read(laid, 'grafana/clickhouse-password'), analyst)
  assert.equal(read(laid, 'kafka/scram'), `--add-scram\nSCRAM-SHA-512=[name=milepost,password=${kafka ?? ''}]\n`)
  const known = read(laid, 'clickhouse/passwords.xml')
  for (const password of [analyst, clickhouse]) {
    assert.ok(password !== undefined && !known.includes(password), 'a hash is enough')
    assert.ok(known.includes(createHash('sha256').update(password).digest('hex')))
  }
})

test('run again, cut off, or half of it lost: what was drawn stays, and everybody has it', t => {
  const laid = prepared(t)
  const all = () => filesOf(laid).map(file => `${file} ${read(laid, file)}`)
  const before = all()
  laid.again()
  assert.deepEqual(all(), before)
  rmSync(join(laid.secrets, 'grafana'), { recursive: true })
  rmSync(join(laid.secrets, 'milepost/kafka-password'))
  writeFileSync(join(laid.secrets, 'drawn/kafka-milepost.draft'), 'cut o')
  assert.equal(laid.again(), '')
  assert.deepEqual(
    all().filter(file => !file.includes('.draft')),
    before,
  )
})

test('a draw that comes to nothing is an error, not an empty password', t => {
  const laid = prepared(t)
  rmSync(join(laid.secrets, 'drawn/grafana-admin'))
  const script = readFileSync(join(ROOT, 'deploy/prepare.sh'), 'utf8')
  const broken = join(laid.volumes, 'broken.sh')
  writeFileSync(broken, script.replace('/dev/urandom', '/dev/null'))
  assert.throws(() => laid.again(broken), /./)
  assert.ok(!filesOf(laid).includes('drawn/grafana-admin'))
})
