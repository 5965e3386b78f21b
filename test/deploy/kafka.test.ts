/**
 * The broker as docker-compose.yml starts it: the same script, settings and health check, on a real Kafka of that
 * version.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Admin } from '@platformatic/kafka'
import { freePort } from '../../tools/ports.ts'
import { kafkaIsHere } from '../../tools/kafka/install.ts'
import { prepared } from './compose.ts'
import { isBrokerHealthy, type LaidBroker, layBroker, serverProperties } from './laid-broker.ts'

const kafka = kafkaIsHere()

async function laid(t: TestContext): Promise<LaidBroker & { readonly password: string }> {
  const { secrets } = prepared(t)
  const password = readFileSync(join(secrets, 'milepost/kafka-password'), 'utf8')
  return { ...(await layBroker(t, secrets)), password }
}

interface Visitor {
  readonly username?: string
  readonly password?: string
}
/** What an administrator's client does; it tries once. */
async function as<T>({ username, password }: Visitor, port: number, act: (admin: Admin) => Promise<T>): Promise<T> {
  const sasl =
    username === undefined || password === undefined
      ? {}
      : { sasl: { mechanism: 'SCRAM-SHA-512' as const, username, password } }
  const admin = new Admin({
    clientId: 'test',
    bootstrapBrokers: [`127.0.0.1:${port}`],
    retries: 0,
    timeout: 10_000,
    ...sasl,
  })
  try {
    return await act(admin)
  } finally {
    await admin.close()
  }
}
const make = (topic: string) => (admin: Admin) => admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })

test(
  'the script formats once, with the user in it, and shows the password to nobody',
  { skip: !kafka.here && kafka.why },
  async t => {
    const { prepare, data, config, password, root } = await laid(t)
    const first = prepare()
    assert.match(first.said, new RegExp(`^starting ${config}$`, 'm'))
    assert.equal(first.formatted, 1)
    assert.ok(existsSync(join(data, 'bootstrap.checkpoint')) && existsSync(join(data, 'meta.properties')))
    assert.ok(!first.said.includes(password) && !readFileSync(join(root, 'storage'), 'utf8').includes(password))
    assert.equal(prepare().formatted, 1)
    rmSync(join(data, 'meta.properties'))
    assert.equal(prepare().formatted, 2, 'cut off, it is done again')
  },
)

test(
  'clients need the password; the broker is healthy when it serves; all of it outlives a restart',
  { skip: !kafka.here && kafka.why, timeout: 180_000 },
  async t => {
    const { prepare, run, port, local, password } = await laid(t)
    prepare()
    assert.ok(!(await isBrokerHealthy(local)))
    const first = await run()
    const milepost = { username: 'milepost', password }
    const made = await as(milepost, port, make('kept'))
    assert.equal(made[0]?.name, 'kept')
    for (const stranger of [{}, { username: 'milepost', password: 'guess' }, { username: 'admin', password }])
      await assert.rejects(as(stranger, port, make('never')), JSON.stringify(Object.keys(stranger)))
    assert.ok(await isBrokerHealthy(port), 'before the password it says no more than its versions')
    assert.doesNotMatch(first.log, new RegExp(password))

    await first.stop()
    assert.ok(!(await isBrokerHealthy(local)))
    await run()
    assert.deepEqual(await as(milepost, port, admin => admin.listTopics()), ['kept'])
  },
)

test(
  'the broker has the settings that the file gives it, and makes no topics by itself',
  { skip: !kafka.here && kafka.why, timeout: 180_000 },
  async t => {
    const { prepare, run, port, password } = await laid(t)
    prepare()
    await run()
    const known = await as({ username: 'milepost', password }, port, brokersConfig)
    const wanted = {
      'auto.create.topics.enable': 'false',
      'group.consumer.session.timeout.ms': '10000',
      'group.consumer.heartbeat.interval.ms': '2000',
      'offsets.retention.minutes': '5256000',
      'transaction.state.log.replication.factor': '1',
      'offsets.topic.replication.factor': '1',
    }
    for (const [name, value] of Object.entries(wanted)) assert.equal(known.get(name), value, name)
  },
)

async function brokersConfig(admin: Admin): Promise<Map<string, string | null | undefined>> {
  const [described] = await admin.describeConfigs({ resources: [{ resourceType: 4, resourceName: '1' }] })
  return new Map(described?.configs.map(({ name, value }) => [name, value]))
}

test('every listener but the clients’ is the container’s own', () => {
  const listeners = /^listeners=(.*)$/m.exec(serverProperties())?.[1]?.split(',') ?? []
  assert.equal(listeners.length, 3)
  for (const listener of listeners) assert.match(listener, /^CLIENTS:\/\/0\.0\.0\.0:9092$|^\w+:\/\/127\.0\.0\.1:\d+$/)
  assert.match(serverProperties(), /^listener\.security\.protocol\.map=CLIENTS:SASL_PLAINTEXT,/m)
})

test('what is no broker is not healthy', async t => {
  const other = createServer(socket =>
    socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  ).listen(0, '127.0.0.1')
  t.after(() => other.close())
  await new Promise(resolve => other.once('listening', resolve))
  assert.ok(!(await isBrokerHealthy((other.address() as { port: number }).port)))
  assert.ok(!(await isBrokerHealthy(await freePort())))
})
