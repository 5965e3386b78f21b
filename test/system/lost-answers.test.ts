/** Between a batch's write to ClickHouse and the commit of its offsets: the write is there, and nobody knows. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { spawnGateway } from '../../sinks/clickhouse/gateway/spawn.ts'
import { connect } from '../../sinks/clickhouse/client.ts'
import { countsOf, faultsOfTables } from '../../tools/chaos/ledger.ts'
import { installation, until } from '../support/installation.ts'
import { positions } from '../support/positions.ts'

/** Stands before ClickHouse: after each insert that was written it asks whether the answer is to be lost. */
async function goBetween(port: number, isLost: (table: string) => boolean): Promise<Server> {
  const server = createServer((asked, answer) => {
    const forward = async () => {
      const body = await buffer(asked)
      const { method, url: path, headers } = asked
      const onward = request({ port, host: '127.0.0.1', method, path, headers: { ...headers, connection: 'close' } })
      const [answered] = (await once(onward.end(body), 'response')) as [IncomingMessage]
      const text = await buffer(answered)
      const query = new URL(path ?? '', 'http://x').searchParams.get('query') ?? ''
      const table = /^INSERT INTO `(\w+)`/.exec(query)?.[1]
      if (table !== undefined && answered.statusCode === 200 && isLost(table)) return asked.socket.destroy()
      const told = { ...answered.headers, 'content-length': text.length }
      delete told['transfer-encoding']
      return answer.writeHead(answered.statusCode ?? 502, told).end(text)
    }
    forward().catch(() => asked.socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

test('an insert whose answer is lost, to a sink that lives on and to one that dies: written once', async t => {
  const password = 'a-password'
  const { at, up, launch, post, caughtUp, withLog } = await installation(t)
  const gateway = await spawnGateway({ data: `${at.root}/clickhouse`, port: 0, password, logLevel: 'silent' })
  t.after(() => gateway.stop())
  let [toLose, lost, dying] = [0, 0, false]
  const between = await goBetween(gateway.port, table => {
    if (table !== 'vehicle_positions' || toLose === 0) return false
    toLose--
    lost++
    if (dying) sinks.signal('SIGKILL')
    return true
  })
  t.after(() => {
    between.closeAllConnections()
    between.close()
  })
  const env = {
    MILEPOST_CLICKHOUSE_URL: `http://127.0.0.1:${(between.address() as AddressInfo).port}`,
    MILEPOST_CLICKHOUSE_PASSWORD: password,
  }
  await up('ingest')
  launch('processors')
  let sinks = launch('sinks', env)
  let sent = 0
  const more = async () => {
    assert.equal((await post(positions('v', sent, 200))).status, 200)
    sent += 200
  }

  toLose = 2
  await more()
  await until('two answers are lost', () => toLose === 0)
  await caughtUp()
  dying = true
  for (let deaths = 0; deaths < 3; deaths++) {
    toLose = 1
    await more()
    await sinks.ended
    // What comes meanwhile would lie in the same batch if that were decided anew.
    await more()
    sinks = launch('sinks', env)
    await caughtUp()
  }
  assert.equal(lost, 5)

  const clickhouse = connect({ url: gateway.url, user: 'milepost', password })
  t.after(() => clickhouse.close())
  const counts = await withLog(countsOf)
  assert.equal(counts.get('vehicle.position.v1')?.facts, sent)
  assert.deepEqual(await faultsOfTables(counts, clickhouse), [])
})
