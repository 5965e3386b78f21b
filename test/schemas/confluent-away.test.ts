/** A registry that is away, mute, no registry at all, or wrongly set: what start says then, and that it ends. */
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { after, describe, test } from 'node:test'
import { rootCertificates } from 'node:tls'
import type { RegistryOptions } from '../../schemas/confluent.ts'
import { payloadCodec } from '../../schemas/codec.ts'
import { register } from '../../schemas/registration.ts'
import { audits, clockTicks } from '../../schemas/topics.ts'
import { LogRefused, LogUnavailable } from '../../streams/log/log.ts'
import type { AnyTopic } from '../../streams/topic.ts'

const topics = [audits, clockTicks].map((topic): AnyTopic => ({ ...topic, codec: payloadCodec(topic.name) }))
const servers: Server[] = []
after(() => {
  for (const server of servers) server.close()
})

async function listening(server: Server): Promise<string> {
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`
}
const serving = (answer: RequestListener): Promise<string> => listening(createServer(answer))
const answering = (status: number, body: string) => serving((_, response) => response.writeHead(status).end(body))

/** What start says. */
async function said(options: RegistryOptions): Promise<Error> {
  try {
    await register({ timeoutMs: 3_000, ...options, namespace: 'x' }, topics)
  } catch (error) {
    assert.ok(error instanceof Error)
    return error
  }
  return assert.fail('it has started')
}

describe('may be tried again, and says of which address and why:', () => {
  const away: Record<string, [where: () => Promise<string>, why: RegExp]> = {
    'nobody there': [
      async () => {
        const closed = createTcpServer()
        const url = await listening(closed)
        closed.close()
        return url
      },
      /connect ECONNREFUSED 127\.0\.0\.1:\d+/,
    ],
    'it takes the connection and is silent': [
      () => listening(createTcpServer(() => undefined)),
      /no answer within 3 s/,
    ],
    'it breaks off': [
      () =>
        serving((_, response) => {
          response.writeHead(200, { 'content-length': 100 }).write('{"id":')
          setTimeout(() => response.destroy(), 20)
        }),
      /no answer within 3 s/,
    ],
    'it hangs up': [() => listening(createTcpServer(socket => socket.destroy())), /ECONNRESET|socket hang up/],
    'it is overloaded': [() => answering(503, '{"message": "come back later"}'), /come back later/],
    'a proxy answers with a page': [() => answering(502, `<html>\n${'x'.repeat(5_000)}`), /502: <html> x{50,500}…/],
  }
  for (const [what, [where, why]] of Object.entries(away))
    test(what, async () => {
      const url = await where()
      const began = performance.now()
      const error = await said({ url })
      assert.ok(error instanceof LogUnavailable, error.message)
      assert.ok(error.message.startsWith(`the schema registry ${url} is not available: `), error.message)
      assert.match(error.message, why)
      assert.match(error.message, /Milepost needs it to start on Kafka, not to go on: .*schemaRegistryUrl/)
      assert.ok(performance.now() - began < 6_000, 'at once, for all topics together')
    })
})

describe('is in vain:', () => {
  const wrong: Record<string, [options: () => Promise<RegistryOptions>, why: RegExp]> = {
    'another web server': [
      async () => ({ url: await answering(200, '<html>') }),
      /answers, but not as a schema registry does: is schemaRegistryUrl right/,
    ],
    'a server that knows no such path': [
      async () => ({ url: await answering(404, '{}') }),
      /has it the path of the API/,
    ],
    'a server that says something else': [
      async () => ({ url: await answering(200, '{"id": 1, "version": 1}') }),
      /not as a schema/,
    ],
    'a wrong password': [
      async () => ({ url: await answering(401, '{"message": "who?"}'), username: 'ann', password: 'geheim' }),
      /does not let us \(401, who\?\): see schemaRegistryUsername, …Password/,
    ],
    'no address': [() => Promise.resolve({ url: 'geheim' }), /schemaRegistryUrl is no http or https address/],
    'another protocol': [() => Promise.resolve({ url: 'ftp://geheim/' }), /no http or https address/],
    'a password in the address': [
      () => Promise.resolve({ url: 'http://ann:geheim@127.0.0.1:9/' }),
      /takes no password and no query: see schemaRegistryUsername/,
    ],
    'a token in the address': [() => Promise.resolve({ url: 'http://127.0.0.1:9/?t=geheim' }), /no query/],
    'a password of nobody': [
      () => Promise.resolve({ url: 'http://127.0.0.1:9/', password: 'geheim' }),
      /schemaRegistryPassword needs schemaRegistryUsername/,
    ],
    'a certificate for an address without TLS': [
      () => Promise.resolve({ url: 'http://127.0.0.1:9/', ca: rootCertificates[0] }),
      /schemaRegistryCaFile, …CertFile and …KeyFile are for https/,
    ],
    'a certificate that is none': [
      () => Promise.resolve({ url: 'https://127.0.0.1:9/', ca: 'geheim', key: 'geheim' }),
      /schemaRegistryCaFile, …CertFile or …KeyFile can't be used: /,
    ],
  }
  for (const [what, [options, why]] of Object.entries(wrong))
    test(what, async () => {
      const error = await said(await options())
      assert.ok(error instanceof LogRefused, error.message)
      assert.match(error.message, why)
      assert.equal(error.message.split('\n').length, 1, 'once for all topics')
      assert.ok(!`${error.message} ${error.stack ?? ''} ${JSON.stringify(error)}`.includes('geheim'), error.message)
    })
})
