/**
 * A Confluent-compatible schema registry, by the HTTP client of @kafkajs/confluent-schema-registry: subjects, their
 * versions and their compatibility (docs.confluent.io, "Schema Registry API Reference"). The package's class on top of
 * that client is passed by: it writes a schema first and asks for compatibility afterwards, and knows no versions.
 */
import http from 'node:http'
import https from 'node:https'
import { createSecureContext } from 'node:tls'
import client from '@kafkajs/confluent-schema-registry/dist/api/index.js'
import { LogRefused, LogUnavailable } from '../streams/log/log.ts'

export interface RegistryOptions {
  /** http or https, with the path under which the API lies, and without a password. */
  readonly url: string
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** PEM: who may vouch for the registry instead of the authorities that Node knows. */
  readonly ca?: string | undefined
  /** PEM: who we are, to a registry that asks for a certificate. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** How long to wait for an answer, 10 s if absent. */
  readonly timeoutMs?: number | undefined
}

/** One version of a subject. The id is the one that records carry. */
export interface RegisteredSchema {
  readonly version: number
  readonly id: number
  /** As it was registered: JSON. */
  readonly text: string
}

/** The registry said no to this very request: `status` is HTTP's. */
export class Declined extends LogRefused {
  readonly status: number
  /** In the registry's words. */
  readonly reason: string
  constructor(message: string, status: number, reason: string) {
    super(message)
    this.status = status
    this.reason = reason
  }
}

interface Answer {
  data(): unknown
}
/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- the client's own types say no more */
type Call = (params: any) => Promise<Answer>
type Subjects = Readonly<Record<'latestVersion' | 'version' | 'config' | 'updateConfig' | 'register', Call>>

const CLIENT_ID = 'milepost'
const TIMEOUT_MS = 10_000
const CONNECTIONS = 8
const LONGEST_REASON = 500
/** Answers that stay the same however often one asks. Of 400 see `#trouble`. */
const FINAL = new Set([401, 403, 404, 405, 409, 422])

/**
 * Every method rejects with `Declined` if asking again is in vain, else with `LogUnavailable`; no message holds a
 * secret. Throws `LogRefused` over options that can't be right.
 */
export class ConfluentRegistry {
  readonly url: string
  readonly #subjects: Subjects
  readonly #agent: http.Agent
  readonly #timeoutMs: number
  /** Why the last connection failed: the client keeps it from us. */
  #broken: string | undefined

  constructor({ url, username, password, ca, cert, key, timeoutMs = TIMEOUT_MS }: RegistryOptions) {
    const { protocol, host, pathname, username: user, password: pass, search } = parsed(url)
    if (user || pass || search)
      throw new LogRefused('schemaRegistryUrl takes no password and no query: see schemaRegistryUsername and …Password')
    if (password !== undefined && username === undefined)
      throw new LogRefused('schemaRegistryPassword needs schemaRegistryUsername')
    const tls = certificates({ ca, cert, key })
    if (protocol === 'http:' && Object.keys(tls).length > 0)
      throw new LogRefused('schemaRegistryCaFile, …CertFile and …KeyFile are for https: see schemaRegistryUrl')
    this.url = `${protocol}//${host}${pathname.replace(/\/$/, '')}`
    this.#timeoutMs = timeoutMs
    const options = { keepAlive: true, maxSockets: CONNECTIONS, timeout: timeoutMs }
    this.#agent = protocol === 'https:' ? new https.Agent({ ...options, ...tls }) : new http.Agent(options)
    this.#watch(this.#agent)
    const api: { readonly Subject: Subjects } = client.default({
      clientId: CLIENT_ID,
      host: this.url,
      agent: this.#agent,
      ...(username === undefined ? {} : { auth: { username, password: password ?? '' } }),
    })
    this.#subjects = api.Subject
  }

  /** The newest version; undefined: there is no such subject. */
  async latest(subject: string): Promise<RegisteredSchema | undefined> {
    return this.#schema(await this.#orNone('latestVersion', { subject }))
  }

  async version(subject: string, version: number): Promise<RegisteredSchema | undefined> {
    return this.#schema(await this.#orNone('version', { subject, version }))
  }

  /** What the subject demands of new versions, in the API's words; undefined: nothing of its own. */
  async compatibility(subject: string): Promise<string | undefined> {
    const { compatibilityLevel: level } = (await this.#orNone('config', { subject })) ?? {}
    return typeof level === 'string' ? level.toUpperCase() : undefined
  }

  async setCompatibility(subject: string, compatibility: string): Promise<void> {
    if (!(await this.#orNone('updateConfig', { subject, body: { compatibility } }))) this.#isNone()
  }

  /** Make this schema the subject's next version, unless it is one already; resolves to its id. */
  async register(subject: string, schema: unknown): Promise<number> {
    const { id } = (await this.#orNone('register', { subject, body: { schema: JSON.stringify(schema) } })) ?? {}
    return typeof id === 'number' ? id : this.#isNone()
  }

  /** Drop the connections; the next call makes new ones. */
  close(): void {
    this.#agent.destroy()
  }

  /** undefined: 404. */
  async #orNone(name: keyof Subjects, params: Record<string, unknown>): Promise<Record<string, unknown> | undefined> {
    try {
      return await this.#call(name, params)
    } catch (error) {
      if (error instanceof Declined && error.status === 404) return undefined
      throw error
    }
  }

  #schema(found: Record<string, unknown> | undefined): RegisteredSchema | undefined {
    if (!found) return undefined
    const { id, version, schema: text } = found
    if (typeof id !== 'number' || typeof version !== 'number' || typeof text !== 'string') return this.#isNone()
    return { id, version, text }
  }

  #isNone(): never {
    throw new LogRefused(
      `${this.url} answers, but not as a schema registry does: is schemaRegistryUrl right, and has it the path of the API?`,
    )
  }

  async #call(name: keyof Subjects, params: Record<string, unknown>): Promise<Record<string, unknown>> {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), this.#timeoutMs)
    // The client itself waits forever, for a whole answer as well as for the rest of one that broke off.
    const never = new Promise<never>((_, reject) => {
      late.signal.addEventListener('abort', () => reject(this.#away(`no answer within ${this.#timeoutMs / 1_000} s`)))
    })
    try {
      const answer = await Promise.race([this.#subjects[name]({ ...params, signal: late.signal }), never])
      this.#broken = undefined
      const data = answer.data()
      return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : this.#isNone()
    } catch (error) {
      throw error instanceof LogUnavailable || error instanceof LogRefused ? error : this.#trouble(error)
    } finally {
      clearTimeout(timer)
    }
  }

  /** The client's error in our words. It says 400 also where there has been no answer at all. */
  #trouble(error: unknown): Error {
    const { status = 0, message } = error as Error & { readonly status?: number }
    const reason = inShort(message.replace(`${CLIENT_ID} - `, ''))
    if (!FINAL.has(status)) return this.#away((status === 400 ? this.#broken : undefined) ?? reason)
    if (status === 401 || status === 403)
      return new Declined(
        `the schema registry ${this.url} does not let us (${status}, ${reason}): see schemaRegistryUsername, …Password and …CertFile`,
        status,
        reason,
      )
    return new Declined(`the schema registry ${this.url} answers ${status}: ${reason}`, status, reason)
  }

  #away(why: string): LogUnavailable {
    return new LogUnavailable(`the schema registry ${this.url} is not available: ${why}`)
  }

  #watch(agent: http.Agent): void {
    const connect = agent.createConnection.bind(agent)
    agent.createConnection = (...given) => {
      const socket = connect(...given)
      socket?.on('error', (error: Error & { readonly code?: string }) => {
        // One error made of several has no message, and OpenSSL's has its words between numbers and files.
        const said = error.message || (error.code ?? '')
        this.#broken = inShort(/:SSL routines:[^:]*:([^:]+):/.exec(said)?.[1] ?? said)
      })
      return socket
    }
  }
}

/** A proxy may answer with a whole page, and a registry with whole schemas. */
const inShort = (text: string): string => {
  const line = text.trim().replace(/\s+/g, ' ')
  return line.length > LONGEST_REASON ? `${line.slice(0, LONGEST_REASON)}…` : line
}

function parsed(url: string): URL {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new LogRefused('schemaRegistryUrl is no http or https address')
  return new URL(url)
}

/** Whatever is given of them, once it is known to be good. */
function certificates(
  given: Pick<RegistryOptions, 'ca' | 'cert' | 'key'>,
): Pick<https.AgentOptions, 'ca' | 'cert' | 'key'> {
  const pem = Object.fromEntries(Object.entries(given).filter(([, text]) => text !== undefined))
  try {
    createSecureContext(pem)
  } catch (error) {
    throw new LogRefused(
      `schemaRegistryCaFile, …CertFile or …KeyFile can't be used: ${error instanceof Error ? error.message : ''}`,
    )
  }
  return pem
}
