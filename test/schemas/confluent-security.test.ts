/** A registry behind TLS that wants to know who asks: by a password, by a certificate. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { payloadCodec, registeredWire } from '../../schemas/codec.ts'
import type { RegistryOptions } from '../../schemas/confluent.ts'
import { register } from '../../schemas/registration.ts'
import { audits } from '../../schemas/topics.ts'
import type { Envelope } from '../../streams/event.ts'
import { LogRefused, LogUnavailable } from '../../streams/log/log.ts'
import type { Instant } from '../../streams/time.ts'
import type { AnyTopic } from '../../streams/topic.ts'
import { type Certificates, makeCertificates } from '../../tools/kafka/certificates.ts'
import { kafkaIsHere } from '../../tools/kafka/install.ts'
import { startRegistry } from '../../tools/kafka/registry.ts'
import { Gate } from './confluent-gate.ts'

const PASSWORD = 'pass:wörd'
const at = (ms: number) => ms as Instant
const envelope: Envelope = { eventId: '0f'.repeat(16), source: 'cli', emittedAt: null, receivedAt: at(5) }
const value = { occurredAt: at(4), actor: 'ann', action: 'looked', target: 'SHP-1', detail: null }
const pem = (file: string) => readFileSync(file, 'utf8')

const kafka = kafkaIsHere()
describe('a registry', { skip: kafka.here ? false : kafka.why }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-registry-tls-'))
  let registry: Awaited<ReturnType<typeof startRegistry>>
  let files: Certificates
  let withPassword: Gate
  let withCertificate: Gate

  before(async () => {
    registry = await startRegistry()
    files = makeCertificates(join(folder, 'certificates'))
    const server = { cert: pem(files.server.certFile), key: pem(files.server.keyFile), ca: pem(files.caFile) }
    withPassword = await Gate.before(registry.url, server)
    withPassword.authorization = `Basic ${Buffer.from(`ann:${PASSWORD}`).toString('base64')}`
    withCertificate = await Gate.before(registry.url, { ...server, requestCert: true, rejectUnauthorized: true })
  })
  after(async () => {
    withPassword.close()
    withCertificate.close()
    await registry.close()
    rmSync(folder, { recursive: true })
  })

  /** Start, and use what it came to. */
  async function works(options: RegistryOptions): Promise<void> {
    const topic: AnyTopic = { ...audits, codec: payloadCodec(audits.name) }
    const wire = registeredWire(await register({ ...options, namespace: 'secure' }, [topic]))
    const opened = wire.open(topic, wire.seal(topic, envelope, topic.codec.encode(value)), null)
    assert.equal(opened.eventId, envelope.eventId)
  }
  async function fails(options: RegistryOptions, kind: typeof LogRefused | typeof LogUnavailable, why: RegExp) {
    await assert.rejects(works(options), (error: Error) => {
      assert.ok(error instanceof kind, `${error.name}: ${error.message}`)
      assert.match(error.message, why)
      assert.doesNotMatch(error.message, /\n|\.c:\d/, 'words, not the files of OpenSSL')
      const all = `${error.message}${error.stack ?? ''}${JSON.stringify(error)}${String(error.cause)}`
      for (const secret of [PASSWORD, 'wrong-word', 'PRIVATE KEY']) assert.ok(!all.includes(secret), all)
      return true
    })
  }

  describe('that asks for a password', () => {
    const ann = { username: 'ann', password: PASSWORD }

    test('gets it, once we know by our own CA that it is the one', async () => {
      await works({ url: withPassword.url, ca: pem(files.caFile), ...ann })
    })
    test('is not told it if nobody vouches for it', async () => {
      withPassword.requests.length = 0
      const why = /is not available: (?:self-signed certificate|unable to (?:verify|get)).* …CaFile/
      await fails({ url: withPassword.url, ...ann }, LogUnavailable, why)
      await fails({ url: withPassword.url, ca: pem(files.stranger.certFile), ...ann }, LogUnavailable, why)
      assert.deepEqual(withPassword.requests, [])
    })
    test('nor if it goes by another name', async () => {
      const { port } = new URL(withPassword.url)
      const url = `https://127.0.0.2:${port}/api`
      await fails({ url, ca: pem(files.caFile), ...ann }, LogUnavailable, /is not available: (?:.*altnames|.*REFUSED)/)
    })
    test('refuses a wrong one, or none', async () => {
      const open = { url: withPassword.url, ca: pem(files.caFile) }
      const why = /does not let us \(401, who are you\?\): see schemaRegistryUsername, …Password/
      await fails({ ...open, username: 'ann', password: 'wrong-word' }, LogRefused, why)
      await fails(open, LogRefused, why)
    })
  })

  describe('that asks for a certificate', () => {
    const open = () => ({ url: withCertificate.url, ca: pem(files.caFile) })
    const of = ({ certFile, keyFile }: { readonly certFile: string; readonly keyFile: string }) => ({
      cert: pem(certFile),
      key: pem(keyFile),
    })

    test('gets it', async () => {
      await works({ ...open(), ...of(files.client) })
    })
    test('hangs up without one, or with a stranger’s', async () => {
      const why = /is not available: .*(?:certificate required|unknown ca|alert|ECONNRESET|hang up).* …CertFile/i
      await fails(open(), LogUnavailable, why)
      await fails({ ...open(), ...of(files.stranger) }, LogUnavailable, why)
    })
    test('a key of another certificate is noticed before', async () => {
      const { cert } = of(files.client)
      const { key } = of(files.stranger)
      await fails({ ...open(), cert, key }, LogRefused, /…CertFile or …KeyFile can't be used: .*key values mismatch/)
    })
  })

  test('that is not asked over TLS, or that has none: neither hangs', async () => {
    await fails({ url: withPassword.url.replace('https', 'http') }, LogUnavailable, /is not available: /)
    await fails({ url: registry.url.replace('http', 'https') }, LogUnavailable, /wrong version number|packet length/i)
  })
})
