/** An installation moved to Kafka, and there to other partitions, by hand; killed at any moment. In files: migrate.test.ts. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite, test, type TestContext } from 'node:test'
import type { Config } from '../../app/config.ts'
import { unrestOf } from '../../app/migrate/at-rest.ts'
import { openEnd, openFor } from '../../app/open-log.ts'
import { clockTicks, telematicsPositions } from '../../schemas/topics.ts'
import { Program } from '../../tools/chaos/program.ts'
import { type KafkaCluster, startKafka } from '../../tools/kafka/cluster.ts'
import { kafkaIsHere } from '../../tools/kafka/install.ts'
import { type Registry, startRegistry } from '../../tools/kafka/registry.ts'
import { append, contentOf, differing, type Env, filled, four, moved, placeFor } from './migrating.ts'

const kafka = kafkaIsHere()
void suite('a migration to Kafka', { skip: kafka.here ? false : kafka.why }, () => {
  let running: Promise<readonly [KafkaCluster, Registry]> | undefined
  const servers = () => (running ??= Promise.all([startKafka(), startRegistry()]))
  const settings = async (namespace: string, partitions: number): Promise<Env> => {
    const [cluster, registry] = await servers()
    return {
      MILEPOST_KAFKA_BROKERS: cluster.bootstrap.join(),
      MILEPOST_SCHEMA_REGISTRY_URL: registry.url,
      MILEPOST_NAMESPACE: namespace,
      MILEPOST_PARTITIONS: String(partitions),
    }
  }
  const contentIn = async (t: TestContext, config: Config) => {
    const { log } = await openEnd(config, 'from', placeFor(t).root, 'look')
    try {
      return await contentOf(log)
    } finally {
      await log.close()
    }
  }

  test('and from there: each key’s records, rows, blocks and alarms go where it belongs, with the registry’s numbers', async t => {
    const { config } = placeFor(t)
    const from = config('from', four)
    await filled(from)
    const before = await contentIn(t, from)
    const one = config('from', await settings('one', 6))
    assert.equal((await moved(from, one)).missing, null)
    assert.deepEqual(differing(before, await contentIn(t, one)), [])
    assert.deepEqual(differing(before, await contentIn(t, from)), [], 'and nothing of it has changed there')

    const { log, ids } = await openEnd(one, 'from', placeFor(t).root, 'look')
    t.after(() => log.close())
    const [record] = await log.read(telematicsPositions.name, 2, 0, { records: 1, bytes: 1 })
    const id = Buffer.from(record?.value ?? []).readInt32BE(1)
    assert.ok(id < 1_000 && ids.localIdOf(id) !== id, `${id} is a number of the registry`)
    const { end } = await log.bounds(clockTicks.name, 0)
    assert.equal(
      (await log.read(clockTicks.name, 0, end - 1, { records: 1, bytes: 1 })).length,
      1,
      'time goes on from here',
    )
    await (await openFor(one, 'processors')).log.close()

    const two = config('two', await settings('two', 3))
    assert.equal((await moved(one, two)).missing, null)
    assert.deepEqual(differing(before, await contentIn(t, two)), [])

    // Where ingest lives the clock ticks; and a namespace in use is nobody's target.
    const opened = await openFor(two, 'ingest')
    const [tick] = await opened.log.read(clockTicks.name, 0, 0, { records: 1, bytes: 1 })
    assert.ok(tick)
    const ticking = setInterval(() => void opened.log.append([tick]).catch(() => undefined), 500)
    try {
      assert.match((await unrestOf(opened.log)) ?? '', /its clock ticks: stop ingest/)
    } finally {
      clearInterval(ticking)
    }
    try {
      assert.match((await unrestOf(opened.log)) ?? '', /has not heard the last tick, and \d+ more: start processors/)
    } finally {
      await opened.log.close()
    }
    const used = config('used', await settings('used', 1))
    const theirs = await openFor(used, 'ingest')
    await append(theirs.log, 1)
    await theirs.log.close()
    await assert.rejects(moved(from, used), /somebody else has written to that log/)
  })

  test('killed again and again, and started again, it loses nothing and doubles nothing', async t => {
    const { root, config } = placeFor(t)
    const from = config('from', four)
    await filled(from, 2_500)
    const before = await contentIn(t, from)
    const env = await settings('killed', 6)
    const start = () =>
      new Program(
        ['migrate', '--from', from.data, '--json'],
        { ...process.env, ...env, MILEPOST_DATA: from.data },
        root,
      )
    let kills = 0
    for (let afterMs = 1_200; ; afterMs = Math.round(afterMs * 1.6)) {
      const program = start()
      const ended = await Promise.race([program.ended, sleep(afterMs)])
      if (ended) {
        assert.equal(ended.code, 0, program.stderr)
        break
      }
      await program.kill()
      kills++
      t.diagnostic(`killed after ${afterMs} ms: ${program.stderr.split('\n').at(-2) ?? ''}`)
    }
    assert.ok(kills >= 2)
    assert.deepEqual(differing(before, await contentIn(t, config('from', env))), [])
  })

  test('and the servers are gone', async () => {
    const [cluster, registry] = await servers()
    await Promise.all([cluster.close(), registry.close()])
  })
})
