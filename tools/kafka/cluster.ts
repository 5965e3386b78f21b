/** Real Kafka on loopback, for tests, benches and chaos: brokers that are controllers too (KRaft), each a process. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../ports.ts'
import { type Access, accessBy, type Certificates, makeCertificates } from './certificates.ts'
import { brokerArgs, CHECKPOINT, formattedAt } from './commands.ts'
import { install } from './install.ts'
import { JavaProgram } from './java.ts'
import { hostOf, type Ports, type Properties, propertiesOf, type Security, uuid } from './properties.ts'
import { askCluster, type Tls } from './wire.ts'

export interface KafkaOptions {
  /** 1, or 3 for failover: 3 replicas, of which 2 must be in sync. */
  readonly brokers?: number
  readonly security?: Security
  /** Of every broker; they win over ours (properties.ts). */
  readonly properties?: Properties
  /** Options of Java that win over ours (commands.ts), such as `-Xmx1g`; long runs want `-XX:TieredStopAtLevel=4`. */
  readonly jvm?: readonly string[]
}

const ATTEMPTS = 3
/** Said when all its ports are open: the one that we ask says nothing of the others. */
const STARTED = 'Kafka Server started'

/**
 * A running cluster: each broker is up and knows all others. Installs Kafka where it is missing. Ends with the process
 * that started it, however that ends; `close()` it nevertheless, or `await using`. Throws with the end of a broker's log.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaCluster> {
  const installed = await install()
  for (let attempt = 1; ; attempt++) {
    const cluster = await KafkaCluster.lay(installed, options)
    try {
      await Promise.all(cluster.nodes.map(n => cluster.start(n)))
      await cluster.complete()
      return cluster
    } catch (error) {
      await cluster.close()
      if (attempt === ATTEMPTS || !String(error).includes('Address already in use')) throw error
    }
  }
}

interface Laid {
  readonly installed: string
  readonly root: string
  readonly ports: readonly Ports[]
  readonly security: Security
  readonly certificates: Certificates | undefined
  readonly jvm: readonly string[]
}

export class KafkaCluster implements AsyncDisposable {
  readonly clusterId = uuid()
  /** host:port of each broker, in the order of their numbers. */
  readonly bootstrap: readonly string[]
  readonly security: Security
  readonly access: Access
  /** All that were made, a stranger's too; undefined without TLS. */
  readonly certificates: Certificates | undefined
  /** Numbers of the brokers, from 1: those by which Kafka calls them too. */
  readonly nodes: readonly number[]
  readonly #laid: Laid
  readonly #running = new Map<number, JavaProgram>()

  private constructor(laid: Laid) {
    const { ports, security, certificates } = laid
    this.#laid = laid
    this.security = security
    this.certificates = certificates
    this.nodes = ports.map((_, at) => at + 1)
    this.bootstrap = ports.map(({ client }) => `${hostOf(security)}:${client}`)
    this.access = certificates ? accessBy(security === 'scram' ? 'password' : 'certificate', certificates) : {}
  }

  /** Folders as after formatting, and ports that are free. Nothing runs yet. */
  static async lay(installed: string, options: KafkaOptions): Promise<KafkaCluster> {
    const { brokers = 1, security = 'plain', properties = {}, jvm = [] } = options
    if (!(Number.isInteger(brokers) && brokers > 0)) throw new RangeError(`brokers: ${brokers}`)
    const root = mkdtempSync(join(tmpdir(), 'milepost-kafka-'))
    const ports = await portsFor(brokers)
    const certificates = security === 'plain' ? undefined : makeCertificates(join(root, 'certificates'))
    const cluster = new KafkaCluster({ installed, root, ports, security, certificates, jvm })
    for (const n of cluster.nodes) cluster.#format(n, properties)
    return cluster
  }

  /**
   * Starts a broker that does not run, on its port and with its data; resolves when it is part of the cluster, for which
   * most of three must run: start two that are down at once. Throws with the end of its log; it does not run then.
   */
  async start(n: number): Promise<void> {
    if (this.running(n)) throw new Error(`broker ${n} runs`)
    const { installed, root, jvm } = this.#laid
    const args = brokerArgs(installed, this.#file(n, 'server.properties'), jvm)
    const program = new JavaProgram({ name: `broker ${n}`, root, logFile: this.#file(n, 'log.txt'), args })
    this.#running.set(n, program)
    const ready = program.until(async () => {
      if (!program.log.includes(STARTED)) return false
      const seen = await this.#ask(n)
      if (seen && seen.clusterId !== this.clusterId)
        throw program.error(`on its port is another cluster: ${seen.clusterId ?? 'without an id'}`)
      return seen?.brokers.includes(n) === true
    })
    await ready.catch(async (error: unknown) => {
      await program.kill()
      throw error
    })
  }

  /** Resolves when each running broker knows all that run. */
  async complete(): Promise<void> {
    const wanted = this.nodes.filter(n => this.running(n))
    for (const n of wanted)
      await this.#program(n).until(async () => {
        const seen = await this.#ask(n)
        return wanted.every(other => seen?.brokers.includes(other))
      })
  }

  running(n: number): boolean {
    return this.#running.get(n)?.running === true
  }

  /** Of the process; undefined: it does not run. */
  pid(n: number): number | undefined {
    return this.#running.get(n)?.pid
  }

  /** What the broker wrote since its last start. */
  log(n: number): string {
    return this.#running.get(n)?.log ?? ''
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(n: number): Promise<void> {
    await this.#running.get(n)?.kill()
  }

  /** SIGTERM, by which it hands its partitions over first; resolves when it is gone. */
  async stop(n: number): Promise<void> {
    await this.#running.get(n)?.stop()
  }

  /** SIGSTOP: it keeps its connections and does not answer. */
  freeze(n: number): void {
    this.#program(n).signal('SIGSTOP')
  }

  /** SIGCONT. */
  thaw(n: number): void {
    this.#program(n).signal('SIGCONT')
  }

  /** Ends all and removes their folders. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(program => program.kill()))
    rmSync(this.#laid.root, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #program(n: number): JavaProgram {
    const program = this.#running.get(n)
    if (!program?.running) throw new Error(`broker ${n} does not run`)
    return program
  }

  #ask(n: number) {
    const { ports, certificates } = this.#laid
    return askCluster(ports[n - 1]?.internal ?? 0, certificates && tlsOf(certificates))
  }

  #file(n: number, name: string): string {
    return join(this.#laid.root, `broker-${n}`, name)
  }

  /** What `kafka-storage format` writes, with the names of this cluster and this broker. */
  #format(n: number, properties: Properties): void {
    const { installed, ports, security, certificates } = this.#laid
    const dataFolder = this.#file(n, 'data')
    mkdirSync(dataFolder, { recursive: true })
    const kind = security === 'scram' ? 'scram' : 'plain'
    cpSync(join(formattedAt(installed, kind), CHECKPOINT), join(dataFolder, CHECKPOINT))
    const meta = { version: 1, 'cluster.id': this.clusterId, 'node.id': n, 'directory.id': uuid() }
    writeFileSync(
      join(dataFolder, 'meta.properties'),
      Object.entries(meta)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    )
    const node = { id: n, cluster: ports, dataFolder, security, properties, ...(certificates && { tls: certificates }) }
    writeFileSync(this.#file(n, 'server.properties'), propertiesOf(node))
  }
}

async function portsFor(brokers: number): Promise<Ports[]> {
  const free = new Set<number>()
  while (free.size < 3 * brokers) free.add(await freePort())
  const [...ports] = free
  return Array.from({ length: brokers }, () => {
    const [client = 0, internal = 0, controller = 0] = ports.splice(0, 3)
    return { client, internal, controller }
  })
}

const tlsOf = ({ caFile, server }: Certificates): Tls => ({
  ca: readFileSync(caFile, 'utf8'),
  cert: readFileSync(server.certFile, 'utf8'),
  key: readFileSync(server.keyFile, 'utf8'),
})
