import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, startKafka } from '../../../tools/kafka/cluster.ts'
import { kafkaIsHere } from '../../../tools/kafka/install.ts'
import { asked, eventually, listensOn, lives, LOOPBACK, seen, write, written } from './asking.ts'

const kafka = kafkaIsHere()

describe('a cluster', { skip: !kafka.here && kafka.why, timeout: 240_000 }, () => {
  let one: KafkaCluster
  before(async () => {
    one = await startKafka()
    await asked(one, admin => admin.createTopics({ topics: ['kept'], partitions: 1, replicas: 1 }))
  })
  after(() => one.close())
  const pid = () => one.pid(1) ?? assert.fail('no process')

  test('of one answers by the name that it was given, on loopback alone', async () => {
    const { id, brokers } = await seen(one)
    assert.equal(id, one.clusterId)
    assert.deepEqual(
      [...brokers].map(([n, { host, port }]) => [n, `${host}:${port}`]),
      [[1, one.bootstrap[0]]],
    )
    assert.ok(listensOn(pid()).length >= 3)
    assert.deepEqual(
      listensOn(pid()).filter(address => !LOOPBACK.includes(address)),
      [],
    )
  })

  test('that was killed is there again with its data, at its place', async () => {
    await write(one, 'kept', 'a', 'b')
    const was = pid()
    await one.kill(1)
    assert.equal(one.running(1), false)
    assert.equal(lives(was), false)
    await assert.rejects(seen(one))
    await one.start(1)
    assert.notEqual(pid(), was)
    assert.equal(await eventually(() => written(one, 'kept')), 2n)
    await write(one, 'kept', 'c')
  })

  test('that was stopped is there again with its data', async () => {
    await one.stop(1)
    await assert.rejects(seen(one))
    await one.start(1)
    assert.equal(await eventually(() => written(one, 'kept')), 3n)
  })

  test('that is frozen does not answer until it is thawed', async () => {
    one.freeze(1)
    const answer = seen(one).then(() => 'answered')
    const silence = new Promise<string>(resolve => setTimeout(() => resolve('silence'), 700))
    assert.equal(await Promise.race([answer, silence]), 'silence')
    one.thaw(1)
    assert.equal(await answer, 'answered')
  })

  test('whose port is taken does not start, and says why', async () => {
    await one.stop(1)
    const other = createServer().listen(Number(one.bootstrap[0]?.split(':')[1]), '127.0.0.1')
    await once(other, 'listening')
    try {
      await assert.rejects(
        one.start(1),
        /^Error: broker 1: ended before it was ready: exit 1\n[^]*Address already in use/,
      )
    } finally {
      other.close()
    }
    await one.start(1)
  })

  test('that cannot be says what Kafka says', async () => {
    await assert.rejects(startKafka({ properties: { 'log.segment.bytes': 'many' } }), /log\.segment\.bytes/)
    await assert.rejects(startKafka({ brokers: 0 }), RangeError)
  })

  test('of three goes on without the one that led', async () => {
    await using three = await startKafka({ brokers: 3 })
    await asked(three, admin => admin.createTopics({ topics: ['led'], partitions: 1, replicas: 3 }))
    const leader = async () => {
      const [partition] = (await seen(three, ['led'])).topics.get('led')?.partitions ?? []
      return partition && partition.leader > 0 ? partition : undefined
    }
    const { leader: first, replicas } = await eventually(leader)
    assert.deepEqual([...replicas].sort(), [1, 2, 3])
    await eventually(() => write(three, 'led', 'a').then(() => true))
    await three.kill(first)
    const next = await eventually(async () => {
      const now = await leader()
      return now && now.leader !== first && !now.isr.includes(first) ? now.leader : undefined
    })
    assert.ok(three.running(next))
    await eventually(() => write(three, 'led', 'b').then(() => true))
    assert.equal(await eventually(() => written(three, 'led')), 2n)
    await three.start(first)
    await three.complete()
    await eventually(async () => (await leader())?.isr.length === 3)
  })
})
