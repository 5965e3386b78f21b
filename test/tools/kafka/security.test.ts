import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { kafkaIsHere } from '../../../tools/kafka/install.ts'
import { startKafka, type KafkaCluster } from '../../../tools/kafka/cluster.ts'
import type { KeyPair } from '../../../tools/kafka/certificates.ts'
import { asked, type Showing } from './asking.ts'

const kafka = kafkaIsHere()
const pem = (file: string | undefined): string => readFileSync(file ?? assert.fail('no such file'), 'utf8')
const own = ({ certFile, keyFile }: Partial<KeyPair>) => ({ cert: pem(certFile), key: pem(keyFile) })

const name = (cluster: KafkaCluster, showing: Showing) =>
  asked(cluster, async admin => (await admin.metadata({ topics: [] })).id, showing)

describe('a cluster that asks who comes', { skip: !kafka.here && kafka.why, timeout: 240_000 }, () => {
  test('lets in who knows the password, and nobody else', async () => {
    await using cluster = await startKafka({ security: 'scram' })
    const { caFile, username = '', password = '' } = cluster.access
    const tls = { ca: pem(caFile) }
    for (const mechanism of ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'PLAIN'] as const) {
      assert.equal(await name(cluster, { tls, sasl: { mechanism, username, password } }), cluster.clusterId)
      const wrong = name(cluster, { tls, sasl: { mechanism, username, password: 'guessed' } })
      await assert.rejects(wrong, mechanism)
      await assert.rejects(name(cluster, { tls, sasl: { mechanism, username: 'guessed', password } }), mechanism)
    }
    await assert.rejects(name(cluster, {}), /TLS/)
    await assert.rejects(name(cluster, { tls }), 'no password')
  })

  test('lets in who has a certificate of its CA, and nobody else', async () => {
    await using cluster = await startKafka({ security: 'mtls' })
    const tls = { ca: pem(cluster.access.caFile) }
    assert.equal(await name(cluster, { tls: { ...tls, ...own(cluster.access) } }), cluster.clusterId)
    await assert.rejects(name(cluster, {}), /TLS/)
    await assert.rejects(name(cluster, { tls }), 'no certificate')
    await assert.rejects(name(cluster, { tls: { ...tls, ...own(stranger(cluster)) } }), "another CA's")
    await assert.rejects(name(cluster, { tls: own(cluster.access) }), 'a server that the client does not know')
  })
})

const stranger = ({ certificates }: KafkaCluster): KeyPair => certificates?.stranger ?? assert.fail('no certificates')
