/** How long is waited between two attempts. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { Poster } from '../../../tools/feeder/post.ts'

/** A poster with one connection, to a server that asks to come again after so many seconds, except at /now. */
async function posting(test: TestContext, retryAfter: string, giveUpAfterMs: number) {
  const server = createServer(({ url }, response) => {
    if (url === '/now') response.end()
    else response.writeHead(503, { 'retry-after': retryAfter }).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const stop = new AbortController()
  const { port } = server.address() as AddressInfo
  const poster = new Poster(`http://127.0.0.1:${port}`, 1, { timeoutMs: 60_000, giveUpAfterMs, signal: stop.signal })
  test.after(() => {
    poster.close()
    server.closeAllConnections()
    server.close()
  })
  return { stop, post: (path: string) => poster.send({ method: 'POST', path, body: '{}', headers: () => ({}) }) }
}

test('whatever Retry-After asks for, no more than half a minute is waited', async t => {
  const { stop, post } = await posting(t, '3600', 60_000)
  const ended = post('/later').catch((error: unknown) => error)
  // Over the same connection: once this is answered, the other has been.
  await post('/now')
  stop.abort()
  assert.match(String(await ended), /AbortError/)
})

test('and no less than that: who has less patience gives up at once', async t => {
  const { post } = await posting(t, '3600', 29_000)
  await assert.rejects(post('/later'), /given up after 1 attempts: 503/)
})

test('where Retry-After asks for no wait, a little is waited all the same', async t => {
  const { post } = await posting(t, '0', 40)
  await assert.rejects(post('/later'), /given up after 1 attempts: 503/)
})
