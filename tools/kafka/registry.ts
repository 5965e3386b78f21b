/** A real schema registry on loopback, by Confluent's interface: Apicurio, whose database is a file. */
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../ports.ts'
import { type Access, accessBy, type Certificates, makeCertificates } from './certificates.ts'
import { registryArgs } from './commands.ts'
import { type Asks, frontOf, open, shut } from './front.ts'
import { install } from './install.ts'
import { JavaProgram } from './java.ts'
import { REGISTRY_PATH, registryAnswers } from './wire.ts'

export interface RegistryOptions {
  /** Default `plain`: http, and anyone. */
  readonly security?: 'plain' | Asks
}

/**
 * A running registry. Its compatibility is NONE until it is told otherwise. Ends with the process that started it;
 * `close()` it nevertheless, or `await using`. Throws with the end of its log.
 */
export async function startRegistry({ security = 'plain' }: RegistryOptions = {}): Promise<Registry> {
  const registry = new Registry(await install(), await freePort(), security, await freePort())
  try {
    await registry.start()
    return registry
  } catch (error) {
    await registry.close()
    throw error
  }
}

export class Registry implements AsyncDisposable {
  /** Where Confluent's interface begins: `GET ${url}/subjects`. */
  readonly url: string
  readonly access: Access
  /** All that were made, a stranger's too; undefined without TLS. */
  readonly certificates: Certificates | undefined
  readonly #installed: string
  readonly #port: number
  readonly #frontPort: number
  readonly #front: Server | undefined
  readonly #root = mkdtempSync(join(tmpdir(), 'milepost-registry-'))
  #program: JavaProgram | undefined

  constructor(installed: string, port: number, security: 'plain' | Asks, frontPort: number) {
    this.#installed = installed
    this.#port = port
    this.#frontPort = frontPort
    if (security === 'plain') {
      this.url = `http://127.0.0.1:${port}${REGISTRY_PATH}`
      this.access = {}
      return
    }
    this.certificates = makeCertificates(join(this.#root, 'certificates'))
    this.url = `https://localhost:${frontPort}${REGISTRY_PATH}`
    this.access = accessBy(security === 'basic' ? 'password' : 'certificate', this.certificates)
    this.#front = frontOf(port, security, this.certificates)
  }

  /** Of the process; undefined: it does not run. */
  get pid(): number | undefined {
    return this.#program?.pid
  }

  /** Starts it when it does not run, at the same address, with what it knew. */
  async start(): Promise<void> {
    if (this.#program?.running) throw new Error('the registry runs')
    const root = this.#root
    const args = registryArgs(this.#installed, { port: this.#port, folder: root })
    this.#program = new JavaProgram({ name: 'registry', root, logFile: join(root, 'log.txt'), args })
    await this.#program.until(() => registryAnswers(`http://127.0.0.1:${this.#port}`))
    if (this.#front) await open(this.#front, this.#frontPort)
  }

  /** SIGTERM; resolves when it is gone. What it knows stays. */
  async stop(): Promise<void> {
    if (this.#front) await shut(this.#front)
    await this.#program?.stop()
  }

  /** Ends it and forgets all. */
  async close(): Promise<void> {
    if (this.#front) await shut(this.#front)
    await this.#program?.kill()
    rmSync(this.#root, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
