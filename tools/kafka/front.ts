/** TLS before a registry, which asks who comes: what a registry's own server can only be told when it is built. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as ask } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Certificates } from './certificates.ts'
import { USER } from './commands.ts'

/** `basic`: who knows the password. `mtls`: who has a certificate of our CA; all others get no connection. */
export type Asks = 'basic' | 'mtls'

const EXPECTED = `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString('base64')}`

/** Passes requests on to a port of 127.0.0.1. */
export function frontOf(backPort: number, asks: Asks, { caFile, server }: Certificates): Server {
  const tls = {
    ca: readFileSync(caFile),
    cert: readFileSync(server.certFile),
    key: readFileSync(server.keyFile),
    requestCert: asks === 'mtls',
    rejectUnauthorized: asks === 'mtls',
  }
  return createServer(tls, (request, response) => {
    if (asks === 'basic' && request.headers.authorization !== EXPECTED) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end()
      return
    }
    const { method, url, headers } = request
    const onward = ask({ host: '127.0.0.1', port: backPort, method, path: url, headers }, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
}

export async function open(front: Server, port: number): Promise<void> {
  if (front.listening) return
  front.listen(port, '127.0.0.1')
  await once(front, 'listening')
}

/** Nobody is connected afterwards. */
export async function shut(front: Server): Promise<void> {
  if (!front.listening) return
  front.close()
  front.closeAllConnections()
  await once(front, 'close')
}
