/**
 * Our schemas in a schema registry: put there at start if they are not, and checked by it. From then on the registry
 * is needed only for what another release registers later.
 *
 * A topic's subject is `NAMESPACE.TOPIC-value` (Confluent's TopicNameStrategy). It is set to BACKWARD_TRANSITIVE, which
 * is what test/schemas/compatibility.test.ts holds us to: records stay in a log, so each release reads what any earlier
 * one wrote. The stricter FULL_TRANSITIVE would forbid new symbols and dropped fields; one who has set it keeps it.
 *
 * Rolling upgrades and rollbacks: at start every version of the subject is read, so a release reads what a later one
 * has registered. What is registered while it runs is asked for when the first record, or row of state, that carries
 * an unknown id is met: until the registry has answered, that is `LogUnavailable` and tried again; only what the
 * registry doesn't know either, for as long as its parts may differ, is poison. Where Avro can't read the later version with our schema (a new symbol of an
 * enum) it stays `LogUnavailable`, and the partition waits for this process to be updated.
 */
import type { AnyTopic } from '../streams/topic.ts'
import { LogRefused, LogUnavailable } from '../streams/log/log.ts'
import type { PayloadCodec, SchemaIds } from './codec.ts'
import { ConfluentRegistry, Declined, type RegisteredSchema, type RegistryOptions } from './confluent.ts'
import { differences } from './differences.ts'
import { type KnownSchema, meaningOf, schemaOf } from './registry.ts'

export const COMPATIBILITY = 'BACKWARD_TRANSITIVE'
const STRICT_ENOUGH = new Set([COMPATIBILITY, 'FULL_TRANSITIVE'])
/** How long an id that the registry doesn't know is taken for poison without asking again. */
const STRANGER_MS = 60_000
const LAG_MS = 5_000

export interface RegistrationOptions extends RegistryOptions {
  /** What the names of Kafka's topics begin with. */
  readonly namespace: string
  /** false: one who only looks, and leaves the registry as it is; true if absent. */
  readonly mayMake?: boolean | undefined
  /** How long a part of the registry may not know yet what another was told, 5 s if absent. */
  readonly lagMs?: number | undefined
}

/** The ids of all topics' schemas: for `registeredWire`. */
export interface Registration extends SchemaIds {
  /** Subjects that the registry lets others change incompatibly, and did not let us set right. */
  readonly unguarded: readonly string[]
  /** Read what the registry has of a topic by now. Happens by itself; resolves when done, rejects like `register`. */
  learn(topic: string): Promise<void>
}

/**
 * Register what the registry has not got of these topics' schemas, and get the ids of all. Where everything is there,
 * nothing is written. Their codecs ask this registry about unknown schemas from now on. Rejects with `LogRefused` if
 * the registry doesn't take a schema (all such subjects are named, each with its differences), or us; with
 * `LogUnavailable` if it can't be reached.
 */
export async function register(
  { namespace, mayMake = true, lagMs = LAG_MS, ...options }: RegistrationOptions,
  topics: readonly AnyTopic[],
): Promise<Registration> {
  const registry = new ConfluentRegistry(options)
  const localIds = new Map<number, number>()
  const subjects = new Map(
    topics.map(topic => [topic.name, new Subject({ registry, namespace, localIds, lagMs }, topic)]),
  )
  const registryIds = new Map<number, number>()

  const outcomes = await Promise.allSettled([...subjects.values()].map(subject => subject.settle(mayMake)))
  const errors = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason as Error] : []))
  if (errors.length > 0) {
    registry.close()
    throw worstOf(errors)
  }
  for (const subject of subjects.values()) for (const [local, id] of subject.ids) registryIds.set(local, id)
  for (const subject of subjects.values()) subject.answerForUnknown()

  return {
    unguarded: [...subjects.values()].filter(({ guarded }) => !guarded).map(({ name }) => name),
    registryIdOf(local) {
      const id = registryIds.get(local)
      if (id === undefined) throw new Error(`the schema with the local id ${local} is not in the schema registry`)
      return id
    },
    localIdOf: id => localIds.get(id) ?? id,
    async learn(topic) {
      await subjects.get(topic)?.learn()
    },
  }
}

/** All refusals in one, or else why the registry can't be asked. */
function worstOf(errors: readonly Error[]): Error {
  const messages = [...new Set(errors.filter(error => error instanceof LogRefused).map(({ message }) => message))]
  if (messages.length > 0) return new LogRefused(messages.join('\n'))
  const bug = errors.find(error => !(error instanceof LogUnavailable))
  const [first] = errors
  return (
    bug ??
    new LogUnavailable(
      `${first?.message ?? ''}. Milepost needs it to start on Kafka, not to go on: see to it, and to schemaRegistryUrl, …CaFile and …CertFile`,
      { cause: first },
    )
  )
}

/** What the subjects of an installation share. */
interface Shared {
  readonly registry: ConfluentRegistry
  readonly namespace: string
  readonly localIds: Map<number, number>
  readonly lagMs: number
}

/** What the registry holds of one topic. */
class Subject {
  readonly name: string
  /** The registry's ids of our schemas, by their local ids. */
  readonly ids = new Map<number, number>()
  guarded = false
  readonly #registry: ConfluentRegistry
  readonly #topic: string
  readonly #codec: PayloadCodec<unknown>
  readonly #localIds: Map<number, number>
  /** By version; undefined: it was deleted. Versions never change. */
  readonly #versions = new Map<number, RegisteredSchema | undefined>()
  /** Unknown ids, and since when they are. */
  readonly #wanted = new Map<number, number>()
  readonly #lagMs: number
  /** Until when an id is taken for poison. */
  readonly #strangers = new Map<number, number>()
  #learning: Promise<void> | undefined
  #trouble = ''

  constructor({ registry, namespace, localIds, lagMs }: Shared, topic: AnyTopic) {
    this.name = `${namespace}.${topic.name}-value`
    this.#registry = registry
    this.#localIds = localIds
    this.#lagMs = lagMs
    this.#topic = topic.name
    this.#codec = topic.codec as PayloadCodec<unknown>
  }

  async settle(mayMake: boolean): Promise<void> {
    const { current, schemas } = this.#codec
    const [level] = await Promise.all([this.#level(), this.#read()])
    this.guarded = STRICT_ENOUGH.has(level)
    if (!mayMake) return
    // What is older than something that is there has been deleted on purpose, and can't be put before it any more.
    const last = schemas.findLastIndex(({ id }) => this.ids.has(id))
    const missing = schemas.filter(({ id }, n) => !this.ids.has(id) && (n > last || id === current.id))
    if (!this.guarded) await this.#guard(missing.length > 0)
    for (const schema of missing) await this.#register(schema)
  }

  /** Let the registry be asked about ids that the topic's codec meets and doesn't know. */
  answerForUnknown(): void {
    this.#codec.unknown = id => this.#unknown(id)
  }

  learn(): Promise<void> {
    this.#learning ??= this.#ask().finally(() => {
      this.#learning = undefined
    })
    return this.#learning
  }

  async #ask(): Promise<void> {
    const wanted = [...this.#wanted]
    const asked = performance.now()
    try {
      await this.#read()
      this.#trouble = ''
    } catch (error) {
      this.#trouble = `, so far in vain: ${error instanceof Error ? error.message : String(error)}`
      throw error
    }
    for (const [id, until] of this.#strangers) if (until <= asked) this.#strangers.delete(id)
    for (const [id] of wanted.filter(([, since]) => asked - since >= this.#lagMs)) {
      this.#wanted.delete(id)
      this.#strangers.set(id, asked + STRANGER_MS)
    }
  }

  #unknown(id: number): Error {
    const which = `${this.#topic}: no schema with id ${id} is known`
    if ((this.#strangers.get(id) ?? 0) > performance.now())
      return new Error(`${which}, neither here nor to the schema registry`)
    if (!this.#wanted.has(id)) this.#wanted.set(id, performance.now())
    // If it fails the next try asks again, and says why.
    this.learn().catch(() => undefined)
    return new LogUnavailable(
      `${which}: was this written by a newer release? The schema registry is asked${this.#trouble}`,
    )
  }

  async #level(): Promise<string> {
    try {
      return (await this.#registry.compatibility(this.name)) ?? ''
    } catch (error) {
      // One who may read schemas need not be one who may read settings.
      if (error instanceof Declined) return ''
      throw error
    }
  }

  /** Where it must not be, and nothing is to be written, it is left at that. */
  async #guard(needed: boolean): Promise<void> {
    try {
      await this.#registry.setCompatibility(this.name, COMPATIBILITY)
      this.guarded = true
    } catch (error) {
      if (!(error instanceof Declined)) throw error
      // Of several processes that start at once the others may be told that the first one was.
      this.guarded = STRICT_ENOUGH.has(await this.#level())
      if (needed && !this.guarded) throw this.#lacking(error)
    }
  }

  /** Read the versions that are not known yet. */
  async #read(): Promise<void> {
    const latest = await this.#registry.latest(this.name)
    if (!latest) return
    this.#add(latest)
    const others = Array.from({ length: latest.version - 1 }, (_, n) => n + 1).filter(n => !this.#versions.has(n))
    await Promise.all(
      others.map(async version => {
        const found = await this.#registry.version(this.name, version)
        if (found) this.#add(found)
        else this.#versions.set(version, undefined)
      }),
    )
  }

  #add(found: RegisteredSchema): void {
    this.#versions.set(found.version, found)
    const schema = parsed(found.text)
    // Somebody else's: whatever was written with it is no record of ours.
    if (!schema) return
    this.#localIds.set(found.id, schema.id)
    this.#codec.learn(schema)
    const ours = this.#codec.schemas.find(({ id }) => id === schema.id)
    if (ours && meaningOf(ours.schema) === meaningOf(schema.schema))
      this.ids.set(ours.id, Math.min(found.id, this.ids.get(ours.id) ?? found.id))
  }

  async #register({ id, schema }: KnownSchema): Promise<void> {
    try {
      const registryId = await this.#registry.register(this.name, schema)
      this.ids.set(id, registryId)
      this.#localIds.set(registryId, id)
    } catch (error) {
      // As above: it may be there by now.
      await this.#read()
      if (!this.ids.has(id)) throw error instanceof Declined ? this.#refusal(schema, error) : error
    }
  }

  #lacking({ message }: Declined): Error {
    const remedy = 'start this release once as one who may write there'
    return new LogRefused(`${this.name} lacks a schema of this release, and ${message}; ${remedy}`)
  }

  #refusal(schema: KnownSchema['schema'], declined: Declined): Error {
    if (declined.status !== 409) return this.#lacking(declined)
    const versions = [...this.#versions.values()].filter(one => one !== undefined).sort((a, b) => b.version - a.version)
    const against = versions.find(({ text }) => !this.#isRead(text)) ?? versions[0]
    const lines = against ? differences(schema, JSON.parse(against.text)) : []
    return new LogRefused(
      [`${this.name}: the schema registry ${this.#registry.url} refuses our schema: ${declined.reason}`]
        .concat(lines.length > 0 ? [`between ours (here) and its version ${against?.version ?? ''} (there):`] : [])
        .concat(lines.map(line => `  ${line}`))
        .concat('start the release that wrote there last, or a later one, or set another namespace')
        .join('\n'),
    )
  }

  #isRead(text: string): boolean {
    const writer = parsed(text)
    try {
      return writer !== undefined && !!this.#codec.current.payload.createResolver(writer.payload)
    } catch {
      return false
    }
  }
}

function parsed(text: string): KnownSchema | undefined {
  try {
    return schemaOf(text)
  } catch {
    return undefined
  }
}
