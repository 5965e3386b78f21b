/** Brokers that want to know who asks: by a password, by a certificate, and whether he may. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { createServer as createSecureServer } from 'node:tls'
import { inspect } from 'node:util'
import { AuthenticationError, createAclsV3, NetworkError } from '@platformatic/kafka'
import { Cluster, type Connect } from '../../../../streams/log/kafka/cluster.ts'
import { explained } from '../../../../streams/log/kafka/errors.ts'
import { KafkaLog } from '../../../../streams/log/kafka/kafka.ts'
import { LogRefused, LogUnavailable, NOTHING_YET } from '../../../../streams/log/log.ts'
import type { Instant } from '../../../../streams/time.ts'
import type { Access } from '../../../../tools/kafka/certificates.ts'
import { type KafkaCluster, startKafka } from '../../../../tools/kafka/cluster.ts'
import { TOPICS } from '../contract.ts'
import { GROUPS, record, skip, taken, texts } from './broker.ts'

const read = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file, 'utf8'))
type Security = Omit<Connect, 'brokers' | 'clientId'>

function by({ caFile, certFile, keyFile, username, password }: Access): Security {
  const tls = Object.entries({ ca: read(caFile), cert: read(certFile), key: read(keyFile) })
  return {
    tls: Object.fromEntries(tls.filter(([, pem]) => pem !== undefined)),
    ...(username === undefined ? {} : { sasl: { mechanism: 'SCRAM-SHA-512', username, password: password ?? '' } }),
  }
}

/** All that a log does with the brokers. */
async function works(brokers: readonly string[], namespace: string, security: Security): Promise<void> {
  const log = await KafkaLog.open({
    ...{ brokers, clientId: 'test', namespace, topics: TOPICS, groups: GROUPS, broadcast: [], ...security },
  })
  try {
    await log.append([record('a', 0, 'x')])
    assert.deepEqual(texts(await log.read('a', 0, 0, { records: 9, bytes: 9 })), ['x'])
    assert.deepEqual(texts(await taken(log.tail('a', 0, 0), 1)), ['x'])
    const over = new AbortController()
    await log.share(
      'task',
      ['task/0', 'task/1'],
      async task => {
        const held = await log.claim(task)
        const tx = await held.begin()
        await tx.append([record('b', 0, 'y')])
        await tx.checkpoint({ ...NOTHING_YET, offsets: { 'a/0': 1 } })
        await tx.commit()
        over.abort()
      },
      over.signal,
    )
    await log.isOwned('task/0')
    assert.equal(await log.trim('a', 0, (Date.now() + 60_000) as Instant, 1), 1)
    await log.check()
  } finally {
    await log.close()
  }
}

async function refused(trying: Promise<unknown>, why: RegExp, secrets: readonly string[] = []): Promise<void> {
  await assert.rejects(trying, (error: Error) => {
    assert.ok(error instanceof LogRefused, inspect(error))
    assert.match(error.message, why)
    const all = inspect(error, { depth: 10, showHidden: true })
    for (const secret of secrets) assert.ok(!all.includes(secret), `it tells ${secret}`)
    return true
  })
}

suite('security of Kafka', { skip, concurrency: true }, () => {
  let scram: KafkaCluster
  let mtls: KafkaCluster

  before(async () => {
    const properties = {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:CN=server,O=Milepost',
    }
    const clusters = [startKafka({ security: 'scram' }), startKafka({ security: 'mtls', properties })] as const
    ;[scram, mtls] = await Promise.all(clusters)
  })
  after(() => Promise.all([scram, mtls].map(cluster => cluster.close())))

  void test('who knows the password may do everything', () => works(scram.bootstrap, 'scram', by(scram.access)))

  void test('who does not is refused, and his attempt is told to nobody', async () => {
    const wrong = { ...scram.access, password: 'not-the-password' }
    const check = /AUTHENTICATION.*Check kafkaSasl, kafkaUsername and kafkaPassword/
    await refused(works(scram.bootstrap, 'n', by(wrong)), check, ['not-the-password'])
    const { password = '' } = scram.access
    await refused(works(scram.bootstrap, 'n', by({ ...scram.access, username: 'nobody' })), check, [password])
  })

  void test('a broker that is signed by another CA is refused', async () => {
    const caFile = join(dirname(scram.access.caFile ?? ''), 'other-ca.pem')
    const { password = '' } = scram.access
    const check = /CERTIFICATE.*Check kafkaTls, kafkaCaFile/
    await refused(works(scram.bootstrap, 'n', by({ ...scram.access, caFile })), check, [password])
    await refused(works(scram.bootstrap, 'n', {}), check)
  })

  void test('who comes without a certificate, or with one of another CA, is refused', async () => {
    const { caFile = '', keyFile } = mtls.access
    const check = /CERTIFICATE.*kafkaCertFile and kafkaKeyFile/
    await refused(works(mtls.bootstrap, 'n', by({ caFile })), check)
    const { stranger } = mtls.certificates ?? {}
    const key = read(stranger?.keyFile)?.split('\n')[1] ?? ''
    await refused(works(mtls.bootstrap, 'n', by({ caFile, ...stranger })), check, [key])
    assert.ok(keyFile)
  })

  // Numbers of Kafka's ACLs (org.apache.kafka.common.acl.AclOperation, resource.ResourceType): all are ALLOW, on a prefix.
  const [TOPIC, GROUP, TRANSACTIONAL_ID] = [2, 3, 5]
  const [READ, WRITE, CREATE, DELETE, DESCRIBE] = [3, 4, 5, 6, 8]
  type Right = readonly [what: number, operations: readonly number[]]
  const TOPICS_ALL: Right = [TOPIC, [READ, WRITE, CREATE, DELETE, DESCRIBE]]
  const ALL_RIGHTS: readonly Right[] = [TOPICS_ALL, [GROUP, [READ, DESCRIBE]], [TRANSACTIONAL_ID, [WRITE, DESCRIBE]]]
  async function allow(namespace: string, rights: readonly Right[]): Promise<void> {
    const { server, caFile } = mtls.certificates ?? {}
    const admin = new Cluster({
      brokers: mtls.bootstrap,
      clientId: 'admin',
      ...by({ caFile: caFile ?? '', ...server }),
    })
    const creations = rights.flatMap(([resourceType, operations]) =>
      operations.map(operation => ({
        ...{ resourceType, operation, resourceName: `${namespace}.`, resourcePatternType: 4 },
        ...{ principal: 'User:CN=client,O=Milepost', host: '*', permissionType: 3 },
      })),
    ) as Parameters<typeof createAclsV3.createRequest>[0]
    await admin.askAny(createAclsV3.api, creations)
    await admin.close()
  }

  void test('a certificate whose owner has what we say that it needs may do everything', async () => {
    await allow('full', ALL_RIGHTS)
    await works(mtls.bootstrap, 'full', by(mtls.access))
  })

  for (const [namespace, rights, about] of [
    ['none', [], 'none[.]a: TOPIC_AUTHORIZATION_FAILED'],
    [
      'no-topic',
      [[TOPIC, [READ, CREATE, DESCRIBE]], ...ALL_RIGHTS.slice(1)],
      'no-topic[.]a.*TOPIC_AUTHORIZATION_FAILED',
    ],
    ['no-read', [[TOPIC, [WRITE, CREATE, DESCRIBE]], ...ALL_RIGHTS.slice(1)], 'TOPIC_AUTHORIZATION_FAILED'],
    ['no-group', [TOPICS_ALL, ...ALL_RIGHTS.slice(2)], 'no-group[.]task.*GROUP_AUTHORIZATION_FAILED'],
    ['no-id', ALL_RIGHTS.slice(0, 2), 'no-id[.]task[.][01].*TRANSACTIONAL_ID_AUTHORIZATION_FAILED'],
  ] as const)
    void test(`one that lacks a right is told which: ${namespace}`, async () => {
      await allow(namespace, rights)
      await refused(
        works(mtls.bootstrap, namespace, by(mtls.access)),
        new RegExp(`${about}.*Check what the user may do`),
      )
    })

  /** What hangs up before, or while, one shows who he is. */
  async function hangingUp(server: Server): Promise<string> {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `localhost:${(server.address() as AddressInfo).port}`
  }
  void test('a broker that goes away in the middle of all that has refused nobody', async () => {
    const { server } = scram.certificates ?? {}
    const pem = { cert: read(server?.certFile), key: read(server?.keyFile) }
    const servers = [
      createServer(socket => socket.destroy()),
      createSecureServer(pem as Record<string, string>, socket => {
        socket.once('data', () => socket.destroy())
      }),
    ]
    for (const [n, server] of servers.entries()) {
      const dying = new Cluster({ brokers: [await hangingUp(server)], clientId: 'test', ...by(scram.access) })
      await assert.rejects(
        dying.persist('look', () => dying.topics([]), 300),
        (error: Error) => {
          assert.ok(error instanceof LogUnavailable, `${n}: ${inspect(error)}`)
          return true
        },
      )
      await dying.close()
      server.close()
    }
    const inReauthentication = new AuthenticationError('failed', { cause: new NetworkError('closed') })
    assert.ok(explained(new NetworkError('broke', { cause: inReauthentication }), 'look') instanceof LogUnavailable)
    assert.ok(
      explained(new NetworkError('broke', { cause: new AuthenticationError('no') }), 'look') instanceof LogRefused,
    )
  })
})
