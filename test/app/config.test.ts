import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { type Config, ConfigError, DEMO_PARTNERS, DEMO_SECRET, loadConfig } from '../../app/config.ts'

/** The settings of a file; JSON is YAML. */
function settings(t: TestContext, written: object, env: NodeJS.ProcessEnv = {}, flags = {}): Config {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-config-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'milepost.yaml')
  writeFileSync(file, JSON.stringify(written))
  return loadConfig({ MILEPOST_CONFIG: file, ...env }, flags)
}

test('flags win over variables, variables over the file, and an empty variable says nothing', t => {
  const file = { httpPort: 1, logLevel: 'warn', bind: '::1' }
  const env = { MILEPOST_HTTP_PORT: '2', MILEPOST_TIME: 'live', MILEPOST_BIND: '' }
  const { httpPort, logLevel, time, bind } = settings(t, file, env, { time: 'event' })
  assert.deepEqual([httpPort, logLevel, time, bind], [2, 'warn', 'event', '::1'])
})

test('the partners of the demo are known to those who are told their secret', t => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const { partners } = settings(t, {}, { [DEMO_SECRET]: secret })
  assert.deepEqual(
    Object.entries(partners),
    DEMO_PARTNERS.map(name => [name, { secret }]),
  )
  assert.deepEqual(settings(t, {}).partners, {})
})

test('a partner’s key is one that signatures can be checked against, or the settings are wrong', t => {
  const raw = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const secret = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', `whpk_${raw.toString('base64')}`]
  assert.deepEqual(settings(t, { partners: { nordic: { secret } } }).partners['nordic'], { secret })
  for (const wrong of ['whsec_AQEBAQ==', 'whpk_AAAA', 'hush'])
    assert.throws(
      () => settings(t, { partners: { nordic: { secret: wrong } }, httpPort: 0 }),
      ({ message }: Error) =>
        /partners\.nordic\.secret/.test(message) && /MILEPOST_HTTP_PORT/.test(message) && !message.includes(wrong),
      wrong,
    )
  assert.throws(() => settings(t, { partners: { 'No Name': { secret } } }), ConfigError)
})

const KAFKA = { MILEPOST_KAFKA_BROKERS: 'a:9092', MILEPOST_SCHEMA_REGISTRY_URL: 'http://r:8080/apis/ccompat/v7' }
/** What is said against settings. */
function refused(t: TestContext, written: object, env: NodeJS.ProcessEnv = {}): string {
  try {
    settings(t, written, env)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message
  }
  throw new Error('nothing is said against it')
}
/** A file of the test's; whose text may be a secret. */
function fileOf(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-config-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'it'), text)
  return join(folder, 'it')
}

test('without brokers the log is embedded, and nothing of Kafka is asked for', t => {
  const { kafkaBrokers, kafkaTls, namespace, schemaRegistryUrl } = settings(t, {})
  assert.deepEqual([kafkaBrokers, kafkaTls, namespace, schemaRegistryUrl], [undefined, false, 'milepost', undefined])
})

test('brokers are a list, in the file or with commas between', t => {
  const registry = { MILEPOST_SCHEMA_REGISTRY_URL: KAFKA.MILEPOST_SCHEMA_REGISTRY_URL }
  const brokers = (text: string) => settings(t, {}, { ...registry, MILEPOST_KAFKA_BROKERS: text }).kafkaBrokers
  assert.deepEqual(brokers('kafka:9092'), ['kafka:9092'])
  assert.deepEqual(brokers(' a.example:9092 , 10.0.0.7:19092,[::1]:9094'), [
    'a.example:9092',
    '10.0.0.7:19092',
    '[::1]:9094',
  ])
  assert.deepEqual(settings(t, { kafkaBrokers: ['a:1', 'b:65535'] }, registry).kafkaBrokers, ['a:1', 'b:65535'])
  for (const wrong of [
    'kafka',
    'kafka:',
    ':9092',
    'a:9092,',
    'a:9092;b:9092',
    'a:0',
    'a:65536',
    'a:9092:9093',
    'http://a:9092',
    '::1:9092',
    '[a b]:1',
  ])
    assert.match(
      refused(t, {}, { ...registry, MILEPOST_KAFKA_BROKERS: wrong }),
      /kafkaBrokers.*MILEPOST_KAFKA_BROKERS\): HOST:PORT/,
      wrong,
    )
  assert.match(refused(t, { kafkaBrokers: [] }, registry), /MILEPOST_KAFKA_BROKERS/)
})

test('switches are words, numbers have bounds, and what has few values has no other', t => {
  const of = (env: NodeJS.ProcessEnv) => settings(t, {}, { ...KAFKA, ...env })
  assert.equal(of({ MILEPOST_KAFKA_TLS: 'true' }).kafkaTls, true)
  assert.equal(of({ MILEPOST_KAFKA_TLS: 'false' }).kafkaTls, false)
  assert.equal(settings(t, { kafkaTls: true }, KAFKA).kafkaTls, true)
  assert.equal(of({ MILEPOST_KAFKA_REPLICATION: '3' }).kafkaReplication, 3)
  assert.equal(of({ MILEPOST_NAMESPACE: 'prod_2-a' }).namespace, 'prod_2-a')
  const wrong = {
    MILEPOST_KAFKA_TLS: 'maybe',
    MILEPOST_KAFKA_REPLICATION: '0',
    MILEPOST_NAMESPACE: 'a.b',
    MILEPOST_KAFKA_SASL: 'gssapi',
    MILEPOST_SCHEMA_REGISTRY_URL: 'registry:8080',
  }
  const said = refused(t, {}, { ...KAFKA, ...wrong })
  for (const name of Object.keys(wrong)) assert.match(said, new RegExp(`\\(${name}\\): `))
})

const NAMED = { kafkaUsername: 'u', kafkaPassword: 'p' }
const lacking: readonly (readonly [what: string, written: object, said: RegExp])[] = [
  ['Kafka without a registry', { kafkaBrokers: ['a:1'] }, /schemaRegistryUrl .*: Kafka needs a schema registry/],
  ['SASL without a user', { kafkaSasl: 'scram-sha-512', kafkaPassword: 'p' }, /kafkaPassword .*: kafkaSasl needs/],
  ['SASL without a password', { kafkaSasl: 'scram-sha-512', kafkaUsername: 'u' }, /kafkaPassword .*: kafkaSasl needs/],
  ['a user whom nobody is told of', NAMED, /kafkaSasl .*: kafkaUsername and kafkaPassword are for SASL/],
  ['a password for all to see', { ...NAMED, kafkaSasl: 'plain' }, /kafkaSasl .*: plain shows the password/],
  ['certificates without TLS', { kafkaCaFile: 'ca.pem' }, /kafkaCaFile .*: is for TLS: set kafkaTls/],
  ['half a pair for Kafka', { kafkaTls: true, kafkaCertFile: 'c' }, /kafkaKeyFile .*: .*belong together/],
  ['half a pair for the registry', { schemaRegistryKeyFile: 'k' }, /schemaRegistryKeyFile .*: .*belong together/],
  ['half a name at the registry', { schemaRegistryUsername: 'u' }, /schemaRegistryPassword .*: .*belong together/],
  ['half a name at the registry', { schemaRegistryPassword: 'p' }, /schemaRegistryPassword .*: .*belong together/],
]
for (const [what, written, said] of lacking)
  test(`refused: ${what}: ${JSON.stringify(written)}`, t => assert.match(refused(t, written), said))

test('what belongs together is accepted together', t => {
  const scram = settings(t, { ...NAMED, kafkaSasl: 'scram-sha-256' }, KAFKA)
  assert.deepEqual([scram.kafkaSasl, scram.kafkaUsername, scram.kafkaPassword], ['scram-sha-256', 'u', 'p'])
  const tls = { kafkaTls: true, kafkaCaFile: 'ca', kafkaCertFile: 'c', kafkaKeyFile: 'k' }
  assert.equal(settings(t, { ...NAMED, ...tls, kafkaSasl: 'plain' }, KAFKA).kafkaKeyFile, 'k')
  const registry = { schemaRegistryUsername: 'u', schemaRegistryPassword: 'p', schemaRegistryCaFile: 'ca' }
  assert.equal(settings(t, registry, KAFKA).schemaRegistryUsername, 'u')
})

test('a password may lie in a file, with or without an end of line', t => {
  for (const [variable, key, more] of [
    [
      'MILEPOST_KAFKA_PASSWORD',
      'kafkaPassword',
      { MILEPOST_KAFKA_SASL: 'scram-sha-512', MILEPOST_KAFKA_USERNAME: 'u' },
    ],
    ['MILEPOST_SCHEMA_REGISTRY_PASSWORD', 'schemaRegistryPassword', { MILEPOST_SCHEMA_REGISTRY_USERNAME: 'u' }],
    ['MILEPOST_CLICKHOUSE_PASSWORD', 'clickhousePassword', {}],
  ] as const)
    for (const text of ['hush-hush', 'hush-hush\n', 'hush-hush\r\n'])
      assert.equal(
        settings(t, {}, { ...KAFKA, ...more, [`${variable}_FILE`]: fileOf(t, text) })[key],
        'hush-hush',
        variable,
      )
  // What a file says wins over milepost.yaml, as every variable does.
  const { clickhousePassword } = settings(
    t,
    { clickhousePassword: 'from-the-yaml' },
    { MILEPOST_CLICKHOUSE_PASSWORD_FILE: fileOf(t, 'from-the-file') },
  )
  assert.equal(clickhousePassword, 'from-the-file')
})

test('a secret is never said, whatever is wrong', t => {
  const secret = 'Correct-Horse-7'
  const wrong: readonly NodeJS.ProcessEnv[] = [
    // Taken for the name of a file: the likeliest mistake.
    { MILEPOST_KAFKA_PASSWORD_FILE: secret },
    { MILEPOST_KAFKA_PASSWORD: secret, MILEPOST_KAFKA_PASSWORD_FILE: fileOf(t, secret) },
    { MILEPOST_KAFKA_PASSWORD: secret },
    { MILEPOST_KAFKA_PASWORD: secret },
    { MILEPOST_SCHEMA_REGISTRY_PASSWORD: secret },
    { MILEPOST_SCHEMA_REGISTRY_URL: `ftp://u:${secret}@r` },
    { MILEPOST_CLICKHOUSE_PASSWORD: secret.slice(0, 7) },
    { MILEPOST_KAFKA_SASL: secret },
  ]
  for (const env of wrong) assert.doesNotMatch(refused(t, {}, { ...KAFKA, ...env }), /Correct/, JSON.stringify(env))
})

test('of two sources of one secret neither is taken; what is wrong with files is told with all the rest', t => {
  const both = { MILEPOST_CLICKHOUSE_PASSWORD: 'hush-hush', MILEPOST_CLICKHOUSE_PASSWORD_FILE: fileOf(t, 'hush-hush') }
  assert.match(refused(t, {}, both), /MILEPOST_CLICKHOUSE_PASSWORD_FILE: MILEPOST_CLICKHOUSE_PASSWORD is set too/)
  const said = refused(
    t,
    {},
    {
      MILEPOST_KAFKA_PASSWORD_FILE: '/nowhere/it',
      MILEPOST_CLICKHOUSE_PASSWORD_FILE: fileOf(t, '\n'),
      MILEPOST_HTTP_PORT: '0',
    },
  )
  assert.match(said, /MILEPOST_KAFKA_PASSWORD_FILE: the file that it names cannot be read \(ENOENT\)/)
  assert.match(said, /clickhousePassword/)
  assert.match(said, /MILEPOST_HTTP_PORT/)
})

test('only a secret may lie in a file', t => {
  for (const name of ['MILEPOST_KAFKA_USERNAME_FILE', 'MILEPOST_DATA_FILE'])
    assert.match(refused(t, {}, { [name]: fileOf(t, 'x') }), new RegExp(`\\(${name}\\): there is no such setting`))
})

test('Odoo’s three settings belong together, its key may lie in a file, and its database is one that Odoo would have', t => {
  const odoo = { MILEPOST_ODOO_URL: 'https://odoo.example', MILEPOST_ODOO_DATABASE: 'acme' }
  const config = settings(t, {}, { ...odoo, MILEPOST_ODOO_API_KEY_FILE: fileOf(t, 'Correct-Horse-7\n') })
  assert.deepEqual(
    [config.odooUrl, config.odooDatabase, config.odooApiKey],
    ['https://odoo.example', 'acme', 'Correct-Horse-7'],
  )
  assert.match(refused(t, {}, odoo), /belong together/)
  assert.match(refused(t, {}, { MILEPOST_ODOO_API_KEY: 'Correct-Horse-7' }), /belong together/)
  const key = { MILEPOST_ODOO_API_KEY: 'Correct-Horse-7' }
  for (const wrong of [{ MILEPOST_ODOO_URL: 'ftp://odoo' }, { MILEPOST_ODOO_DATABASE: 'a/b' }])
    assert.doesNotMatch(refused(t, {}, { ...odoo, ...key, ...wrong }), /Correct/)
})
