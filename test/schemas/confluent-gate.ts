/** A door before a registry that counts who passes, and can be told whom to turn away. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'

type Turned = { readonly status: number; readonly body: string } | undefined
export class Gate {
  /** Of each request: the method and the path below the API. */
  readonly requests: string[] = []
  /** What to answer instead of the registry. */
  turn: (method: string, path: string) => Turned = () => undefined
  /** What a request's Authorization has to be, if anything. */
  authorization: string | undefined
  readonly #target: string
  readonly #secure: boolean
  readonly #server

  constructor(target: string, tls?: ServerOptions) {
    this.#target = target
    this.#secure = tls !== undefined
    const pass = (request: IncomingMessage, response: ServerResponse): void => {
      this.#pass(request, response).catch(() => response.destroy())
    }
    this.#server = tls ? createSecureServer(tls, pass) : createServer(pass)
  }

  static async before(target: string, tls?: ServerOptions): Promise<Gate> {
    const gate = new Gate(target, tls)
    await new Promise<void>(resolve => gate.#server.listen(0, '127.0.0.1', resolve))
    return gate
  }

  get url(): string {
    return `http${this.#secure ? 's' : ''}://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api`
  }

  /** How many requests there have been that write. */
  get writes(): number {
    return this.requests.filter(request => !request.startsWith('GET ')).length
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? ''
    const path = (request.url ?? '').replace(/^\/api/, '')
    const body = await new Response(request as never).text()
    this.requests.push(`${method} ${path}`)
    const known = this.authorization === undefined || request.headers.authorization === this.authorization
    const turned = known ? this.turn(method, path) : no(401, 'who are you?')
    const type = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
    const answer = turned
      ? { status: turned.status, text: turned.body }
      : await fetch(`${this.#target}${path}`, { method, headers: type, ...(body === '' ? {} : { body }) }).then(
          async passed => ({ status: passed.status, text: await passed.text() }),
        )
    response.writeHead(answer.status, type).end(answer.text)
  }
}

/** An answer of a registry that says no. */
export const no = (status: number, message: string) => ({
  status,
  body: JSON.stringify({ error_code: status * 100 + 1, message }),
})
