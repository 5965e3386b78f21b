/**
 * All of docker-compose.yml together but Docker: each service of ours with its own command, settings and secrets, as
 * many as there are replicas, on a real Kafka and registry that are started as the file starts them. For the
 * ClickHouse server stands the embedded one, with the server's password; Grafana is not there.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { spawnSync } from 'node:child_process'
import { connect } from '../../sinks/clickhouse/client.ts'
import { spawnGateway } from '../../sinks/clickhouse/gateway/spawn.ts'
import { answerOf, Program } from '../../tools/chaos/program.ts'
import { freePort } from '../../tools/ports.ts'
import { kafkaIsHere } from '../../tools/kafka/install.ts'
import { until } from '../support/installation.ts'
import { environmentIn, mountsOf, prepared, ROOT, service } from './compose.ts'
import { layBroker } from './laid-broker.ts'
import { layRegistry } from './laid-registry.ts'

const kafka = kafkaIsHere()
const PATIENCE_MS = 180_000

/** Everything that is not ours runs until the end; `environmentOf` tells ours where. */
async function surroundings(t: TestContext, ending: AsyncDisposableStack) {
  const { secrets, volumes } = prepared(t)
  const password = readFileSync(join(secrets, 'milepost/clickhouse-password'), 'utf8')
  const [broker, registry] = [await layBroker(t, secrets), await layRegistry(t)]
  broker.prepare()
  mkdirSync(join(volumes, 'clickhouse/embedded'))
  const [, , gateway] = await Promise.all([
    broker.run(),
    registry.run(),
    spawnGateway({ data: join(volumes, 'clickhouse/embedded'), port: await freePort(), password }),
  ])
  ending.defer(() => gateway.stop())
  const http = await freePort()
  const environmentOf = (name: string): NodeJS.ProcessEnv => {
    const data = mountsOf(service(name)).find(({ target }) => target === '/data')?.source ?? ''
    const there = environmentIn(service(name), {
      '/secrets/': `${secrets}/`,
      'kafka:9092': `127.0.0.1:${broker.port}`,
      'registry:8080': `127.0.0.1:${registry.port}`,
      'clickhouse:8123': `127.0.0.1:${gateway.port}`,
      '0.0.0.0': '127.0.0.1',
      '/data': join(volumes, data),
    })
    return { PATH: process.env['PATH'], ...there, MILEPOST_HTTP_PORT: String(http) }
  }
  const clickhouse = connect({ url: gateway.url, user: 'milepost', password })
  ending.defer(() => clickhouse.close())
  return { environmentOf, http, clickhouse }
}

test('a shipment’s way through all services', { skip: !kafka.here && kafka.why, timeout: 480_000 }, async t => {
  // Before their folders go.
  await using ending = new AsyncDisposableStack()
  const { environmentOf, http, clickhouse } = await surroundings(t, ending)
  const programs: Program[] = []
  ending.defer(async () => {
    await Promise.all(programs.map(program => program.kill()))
  })
  for (const name of ['ingest', 'processors', 'sinks'])
    for (let replica = 0; replica < (service(name).deploy?.replicas ?? 1); replica++)
      programs.push(new Program(service(name).command ?? [], environmentOf(name), ROOT))
  assert.equal(programs.length, 4)
  const alive = () => {
    for (const { lives, stderr } of programs) assert.ok(lives, stderr.slice(-2_000))
  }
  const healthy = (name: string) => {
    alive()
    const [, node, , ...args] = service(name).healthcheck?.test ?? []
    assert.equal(node, 'node')
    const there = args.map(arg => arg.replace('ingest:8080', `127.0.0.1:${http}`))
    const check = [join(ROOT, 'deploy/health.js'), ...there]
    return spawnSync(process.execPath, check, { env: environmentOf(name) }).status === 0
  }
  for (const name of ['ingest', 'processors', 'sinks']) await until(`${name} healthy`, () => healthy(name), PATIENCE_MS)

  const made = await answerOf(['token', 'create', '--role', 'admin', '--json'], environmentOf('ingest'), ROOT)
  const { token } = JSON.parse(made.stdout) as { token: string }
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const call = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${http}${path}`, { headers, ...init })
  const send = async (method: string, path: string, body: unknown) => {
    const answer = await call(path, { method, body: JSON.stringify(body) })
    assert.equal(answer.status, 200, await answer.text())
  }
  const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()
  const place = { name: 'Burchardkai', latitude: 53.5352, longitude: 9.9166 }
  const stops = [{ stopId: 'hamburg', kind: 'pickup', place, plannedArrival: ago(90) }]
  await send('PUT', '/v1/shipments/SHP-1', { plannedAt: ago(100), references: [], vehicleId: 'TRUCK-7', stops })
  await send(
    'POST',
    '/v1/positions',
    [80, 75, 70].map(minutes => ({ vehicleId: 'TRUCK-7', occurredAt: ago(minutes), ...place, name: undefined })),
  )

  const milestones = async () => {
    alive()
    const answer = await call('/v1/shipments/SHP-1')
    return answer.ok ? ((await answer.json()) as { milestones: { code: string }[] }).milestones : []
  }
  await until('the arrival on the page', async () => (await milestones()).length > 0, PATIENCE_MS)
  const rows = () => clickhouse.query<{ code: string }>('SELECT code FROM current_milestones')
  await until('the arrival in ClickHouse', async () => (await rows().catch(() => [])).length > 0, PATIENCE_MS)
  assert.deepEqual(await rows(), [{ code: 'arrived_at_pickup' }])
  const positions = await clickhouse.query<{ n: string }>('SELECT count() AS n FROM vehicle_positions')
  assert.equal(Number(positions[0]?.n), 3)

  // Each ends by itself within the time that Docker gives it.
  const ended = await Promise.all(
    programs.map(program => program.stop(graceMs(service('processors').stop_grace_period))),
  )
  assert.deepEqual(
    ended.map(({ code }) => code),
    programs.map(() => 0),
  )
})

const graceMs = (written = '0s') => Number.parseInt(written) * 1_000
