/** A task on Kafka: claimed by taking its transactional id, its state brought up to the end of its changelog, then committed batch by batch. */
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import {
  type AlarmChange,
  type Checkpoint,
  Fenced,
  type Held,
  NOTHING_YET,
  type Outgoing,
  type StateChange,
  type StateReader,
  type Transaction,
} from '../log.ts'
import { alarmRecord, type Changes, changesIn, checkpointRecord, stateRecord } from './changelog.ts'
import { standingRecord } from './checkpoints.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './membership.ts'
import type { Offsets } from './offsets.ts'
import type { Batch } from './produce.ts'
import { fetchStretch } from './read.ts'
import type { BatchRecord } from './record-batch.ts'
import type { Store } from './store.ts'
import { TOMBSTONES_MS } from './topics.ts'
import { Transactions } from './transactions.ts'

/** Where a task is, as the brokers call things. */
export interface Place {
  readonly task: string
  readonly transactionalId: string
  readonly group: string
  readonly changelog: string
  readonly partition: number
  readonly checkpoints: string
}

export interface Surroundings {
  readonly cluster: Cluster
  readonly offsets: Offsets
  readonly store: Store
  /** Which topics' offsets the group commits too, so that tools for Kafka show its lag, by their names on the brokers. */
  readonly nameOf: (topic: string) => string
  readonly reported: (topic: string) => boolean
  readonly member: () => Member | undefined
  /** Told after each commit how far it reaches, by partition. */
  readonly committed: (ends: ReadonlyMap<string, number>) => void
  /** Wait while somebody holds all tasks; asked once the transactional id has been taken: see hold.ts. */
  readonly heldUp: () => Promise<void>
  readonly now: () => number
}

const RELEASE_MS = 3_000
/** An epoch of Kafka's has 16 bits; its producer ids rise over the life of a cluster. */
const EPOCHS = 2 ** 16

export async function claim(place: Place, around: Surroundings): Promise<Held> {
  const { cluster } = around
  // In this order: once the id is ours nobody else writes to the changelog, and no hold that is not known yet will let us.
  const transactions = await Transactions.take(cluster, laneOf(place), place.transactionalId)
  await around.heldUp()
  const checkpoint = await restore(place, around)
  const held = new KafkaHeld(place, around, transactions, checkpoint)
  await held.stand(true)
  return held
}

export const laneOf = ({ partition }: Pick<Place, 'partition'>): string => `tasks ${partition % 4}`

/** Bring the local state up to the end of the changelog, a chunk at a time: others in this process need their turn. */
export async function restore(place: Place, { cluster, offsets, store, now }: Surroundings): Promise<Checkpoint> {
  const { task, changelog, partition } = place
  const end = await offsets.find(changelog, partition, { at: 'end' })
  const snapshot = store.snapshotOf(task)
  const holds = snapshot && snapshot.position <= end && now() - snapshot.asOf < TOMBSTONES_MS
  if (snapshot && !holds) store.forget(task)
  let position = holds ? snapshot.position : 0
  let checkpoint = store.checkpointOf(task)
  while (position < end) {
    const stretch = { name: changelog, partition, from: position, end }
    const { batches, next } = await cluster.persist(`restore ${task}`, () => fetchStretch(cluster, 'restore', stretch))
    const records = batches.flatMap(batch => batch.records()).filter(({ offset }) => offset >= position)
    const changes = changesIn(records)
    checkpoint = changes.checkpoint ?? checkpoint
    position = next
    store.apply(task, { ...changes, checkpoint }, { position, asOf: now() })
    await turn()
  }
  return checkpoint ?? NOTHING_YET
}

class KafkaHeld implements Held {
  readonly task: string
  readonly epoch: number
  readonly checkpoint: Checkpoint
  readonly state: StateReader
  readonly #place: Place
  readonly #around: Surroundings
  readonly #transactions: Transactions
  #last: Checkpoint

  constructor(place: Place, around: Surroundings, transactions: Transactions, checkpoint: Checkpoint) {
    const { id, epoch } = transactions.producer
    this.task = place.task
    this.epoch = Number(id) * EPOCHS + epoch
    this.checkpoint = this.#last = checkpoint
    this.state = around.store.readerOf(place.task)
    this.#place = place
    this.#around = around
    this.#transactions = transactions
  }

  begin(): Promise<Transaction> {
    return Promise.resolve(new KafkaTransaction(this.#around, work => this.#commit(work)))
  }

  /** Whoever is next takes it anyway: this is for those who look. */
  async release(): Promise<void> {
    await Promise.race([this.stand(false), sleep(RELEASE_MS, undefined, { ref: false })])
  }

  /** Let others know whether the task is held. */
  async stand(held: boolean): Promise<void> {
    const standing = standingRecord(this.task, { checkpoint: this.#last, held })
    await this.#transactions.commit([{ topic: this.#place.checkpoints, partition: 0, records: [standing] }], undefined)
  }

  async #commit({ outputs, state, alarms, checkpoint }: Work): Promise<void> {
    const { changelog, partition, checkpoints, group } = this.#place
    const { nameOf, store, now, member } = this.#around
    const batches: Batch[] = [...Map.groupBy(outputs, output => `${output.topic}/${output.partition}`).values()].map(
      ([first, ...rest]) => ({
        topic: nameOf(first?.topic ?? ''),
        partition: first?.partition ?? 0,
        records: [...(first ? [first] : []), ...rest].map(recordOf),
      }),
    )
    const last = checkpoint ?? this.#last
    const changes = [...state.map(stateRecord), ...alarms.map(alarmRecord), checkpointRecord(last)]
    const standing = standingRecord(this.task, { checkpoint: last, held: true })
    batches.push({ topic: changelog, partition, records: changes })
    batches.push({ topic: checkpoints, partition: 0, records: [standing] })
    const offsets = this.#movedOffsets(last)
    const ends = await this.#transactions.commit(batches, { group, member: member(), offsets })
    this.#last = last
    const position = ends.get(`${changelog}/${partition}`) ?? -1
    // Where an answer was lost the position is not known: the next restart reads the commit again.
    const before = store.snapshotOf(this.task)
    const known = position < 0 ? (before?.position ?? 0) : position
    store.apply(this.task, { state, alarms, checkpoint: last }, { position: known, asOf: now() })
    this.#around.committed(ends)
  }

  #movedOffsets(checkpoint: Checkpoint) {
    const { nameOf, reported } = this.#around
    return Object.entries(checkpoint.offsets).flatMap(([at, offset]) => {
      const topic = at.slice(0, at.lastIndexOf('/'))
      if (!reported(topic) || this.#last.offsets[at] === offset) return []
      return [{ topic: nameOf(topic), partition: Number(at.slice(at.lastIndexOf('/') + 1)), offset }]
    })
  }
}

interface Work extends Changes {
  readonly outputs: readonly Outgoing[]
}

/** Gathers what is to be written; nothing goes out before the commit, so that a transaction is open for a moment only. */
class KafkaTransaction implements Transaction {
  readonly #around: Surroundings
  readonly #write: (work: Work) => Promise<void>
  readonly #outputs: Outgoing[] = []
  readonly #state: StateChange[] = []
  readonly #alarms: AlarmChange[] = []
  #checkpoint: Checkpoint | undefined

  constructor(around: Surroundings, write: (work: Work) => Promise<void>) {
    this.#around = around
    this.#write = write
  }

  /** The brokers fence by the producer's epoch and the group's; this only spares them what they would refuse. */
  fence(): Promise<void> {
    return this.#around.member()?.epoch === 0
      ? Promise.reject(new Fenced('this process is no member of the group any more'))
      : Promise.resolve()
  }
  append(records: readonly Outgoing[]): Promise<void> {
    for (const record of records) this.#outputs.push(record)
    return Promise.resolve()
  }
  change(state: readonly StateChange[]): Promise<void> {
    for (const change of state) this.#state.push(change)
    return Promise.resolve()
  }
  setAlarms(alarms: readonly AlarmChange[]): Promise<void> {
    for (const alarm of alarms) this.#alarms.push(alarm)
    return Promise.resolve()
  }
  checkpoint(checkpoint: Checkpoint): Promise<void> {
    this.#checkpoint = checkpoint
    return Promise.resolve()
  }
  commit(): Promise<void> {
    const [outputs, state, alarms, checkpoint] = [this.#outputs, this.#state, this.#alarms, this.#checkpoint]
    return this.#write({ outputs, state, alarms, checkpoint })
  }
  /** Nothing has gone out, or nobody knows: then the next claim ends it. */
  abort(): Promise<void> {
    return Promise.resolve()
  }
}

export const recordOf = ({ key, value, cause }: Outgoing): BatchRecord => ({ key: Buffer.from(key), value, cause })
