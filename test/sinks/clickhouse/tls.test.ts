/** A ClickHouse behind TLS that asks for a certificate: the engine is the embedded one, the TLS in front of it Node's. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect as dial } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createServer } from 'node:tls'
import { connect } from '../../../sinks/clickhouse/client.ts'
import { Unavailable } from '../../../streams/sink.ts'
import { makeCertificates } from '../../../tools/kafka/certificates.ts'
import { password, running } from './support.ts'

const pem = (file: string) => readFileSync(file, 'utf8')

test('a server that wants TLS and a certificate gets both, and is believed only if its own is vouched for', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-tls-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { caFile, server: own, client, stranger } = makeCertificates(join(folder, 'certificates'))
  const gateway = await running()
  const { hostname, port } = new URL(gateway.url)
  const asked = { ca: pem(caFile), cert: pem(own.certFile), key: pem(own.keyFile), requestCert: true }
  const front = createServer({ ...asked, rejectUnauthorized: true }, socket => {
    const behind = dial(Number(port), hostname)
    socket.on('error', () => behind.destroy())
    behind.on('error', () => socket.destroy())
    socket.pipe(behind).pipe(socket)
  }).listen(0, '127.0.0.1')
  t.after(() => front.close())
  await once(front, 'listening')
  const url = `https://127.0.0.1:${(front.address() as AddressInfo).port}`

  const by = async (tls: { ca?: string; cert?: string; key?: string }) => {
    const clickhouse = connect({ url, user: 'milepost', password, tls, timeoutMs: 5_000 })
    try {
      return await clickhouse.query<{ one: number }>('SELECT 1 AS one')
    } finally {
      await clickhouse.close()
    }
  }
  const ours = { cert: pem(client.certFile), key: pem(client.keyFile) }
  assert.deepEqual(await by({ ca: pem(caFile), ...ours }), [{ one: 1 }])
  await assert.rejects(by({ ca: pem(caFile) }), Unavailable)
  await assert.rejects(by({ ca: pem(caFile), cert: pem(stranger.certFile), key: pem(stranger.keyFile) }), Unavailable)
  await assert.rejects(by({}), Unavailable)
})
