import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below the range from which systems give ports to outgoing connections: one that is free for a moment, while its
 * process is down, must not become the sender's own end of the connection to it.
 */
const LOWEST = 18_000
const HIGHEST = 32_000

/** A port of the loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    const server = createServer()
    const bound = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!bound) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
