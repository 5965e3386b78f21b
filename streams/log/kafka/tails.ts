/**
 * Tails of partitions, fetched ahead in the background. Two requests are out at a time for each broker: one that waits
 * for news of all tails that have everything, and one that brings at once what others still lack. What a tail holds is
 * bounded: while nobody takes from it, it is not fetched.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { LogUnavailable, type Recorded, type ReadLimit, type Tail } from '../log.ts'
import { Bell } from './bell.ts'
import type { Cluster } from './cluster.ts'
import { answered, isPassing, KafkaError } from './errors.ts'
import { fetchApi, fetchRequest, type Fetched } from './fetch.ts'
import type { Offsets } from './offsets.ts'
import type { StoredBatch } from './record-batch.ts'

/** How long a broker keeps a request that it has nothing for; also how long a new tail may wait to be among them. */
const WAIT_MS = 100
const ANSWER_BYTES = 8 << 20
const PARTITION_BYTES = 1 << 20
/** A tail that holds this much is not fetched. */
const ENOUGH_BYTES = 1 << 20
const AFTER_FAILURE_MS = 100
const IDLE_MS = 1_000

type Lane = 'news' | 'rest'
const OFFSET_OUT_OF_RANGE = 1

export class Tails {
  readonly #cluster: Cluster
  readonly #offsets: Offsets
  readonly #nameOf: (topic: string) => string
  readonly #changed: () => void
  readonly #failed: (error: unknown) => void
  readonly #tails = new Set<KafkaTail>()
  readonly #running = new Set<string>()
  readonly #wake = new Bell()
  readonly #closing = new AbortController()

  /** `nameOf`: of a topic, on the brokers. `changed` is called when a tail has moved, `failed` with what is no passing trouble. */
  constructor(
    cluster: Cluster,
    offsets: Offsets,
    nameOf: (topic: string) => string,
    changed: () => void,
    failed: (error: unknown) => void,
  ) {
    this.#cluster = cluster
    this.#offsets = offsets
    this.#nameOf = nameOf
    this.#changed = changed
    this.#failed = failed
  }

  open(topic: string, partition: number, from: number): Tail {
    const tail = new KafkaTail({ topic, partition, name: this.#nameOf(topic) }, from, () => this.#kick())
    this.#tails.add(tail)
    tail.onClose = () => this.#tails.delete(tail)
    this.#start(this.#leaderOf(tail))
    this.#kick()
    return tail
  }

  close(): void {
    this.#closing.abort()
    this.#kick()
  }

  #isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  #kick(): void {
    this.#wake.ring()
  }

  #leaderOf({ of }: KafkaTail): number {
    return this.#cluster.leaderOf(of.name, of.partition)
  }

  #start(node: number): void {
    for (const lane of ['news', 'rest'] as const) {
      if (this.#running.has(`${lane} ${node}`)) continue
      this.#running.add(`${lane} ${node}`)
      void this.#loop(lane, node)
    }
  }

  /** What a loop is to fetch. A tail whose partition has moved to a broker that has no loops yet gets them. */
  #wantedBy(lane: Lane, node: number): KafkaTail[] {
    return [...this.#tails].filter(tail => {
      const leader = this.#leaderOf(tail)
      if (leader !== node) this.#start(leader)
      return leader === node && tail.wants && tail.behind === (lane === 'rest')
    })
  }

  async #loop(lane: Lane, node: number): Promise<void> {
    while (!this.#isClosed()) {
      const wanted = this.#wantedBy(lane, node)
      try {
        if (wanted.length === 0) await this.#wake.wait(IDLE_MS)
        else await this.#fetch(lane, node, wanted)
      } catch (error) {
        if (this.#isClosed()) return
        if (!isPassing(error) && !(error instanceof LogUnavailable)) this.#failed(error)
        await sleep(AFTER_FAILURE_MS)
        await this.#cluster.refresh().catch(() => undefined)
      }
    }
  }

  async #fetch(lane: Lane, node: number, wanted: readonly KafkaTail[]): Promise<void> {
    for (const tail of wanted) tail.asked = true
    try {
      const request = fetchRequest(lane === 'news' ? WAIT_MS : 0, ANSWER_BYTES, this.#requested(wanted))
      const answer = await answered(this.#cluster.ask(`${lane} of partitions`, node, fetchApi, ...request))
      if (answer.errorCode !== 0) throw new KafkaError(answer.errorCode, 'fetch')
      const byPlace = Map.groupBy(wanted, tail => `${this.#cluster.topic(tail.of.name).id}/${tail.of.partition}`)
      let moved = false
      const errors: KafkaError[] = []
      for (const fetched of answer.partitions)
        for (const tail of byPlace.get(`${fetched.topicId}/${fetched.partition}`) ?? []) {
          if (fetched.errorCode === OFFSET_OUT_OF_RANGE) moved = (await this.#findStart(tail)) || moved
          else if (fetched.errorCode === 0) moved = tail.receive(fetched) || moved
          else errors.push(new KafkaError(fetched.errorCode, `fetch of ${tail.of.name}/${tail.of.partition}`))
        }
      if (moved) this.#changed()
      if (errors[0]) throw errors[0]
    } finally {
      for (const tail of wanted) tail.asked = false
      // A tail that had everything may have more to come now, and the other way round: that is for the other lane.
      if (wanted.some(({ behind }) => behind !== (lane === 'rest'))) this.#kick()
    }
  }

  /** What was to be read is not there: the answer does not tell from where on anything is. */
  async #findStart(tail: KafkaTail): Promise<boolean> {
    const { name, partition } = tail.of
    return tail.jump(await this.#offsets.find(name, partition, { at: 'start' }))
  }

  /** In an order that changes: a broker fills its answer from the front. Two tails of one partition ask from the earlier place. */
  #requested(wanted: readonly KafkaTail[]) {
    const turn = Math.floor(Math.random() * wanted.length)
    const turned = [...wanted.slice(turn), ...wanted.slice(0, turn)]
    return [...Map.groupBy(turned, tail => tail.of.name)].map(([name, tails]) => ({
      topicId: this.#cluster.topic(name).id,
      partitions: [...Map.groupBy(tails, tail => tail.of.partition)].map(([partition, same]) => ({
        partition,
        currentLeaderEpoch: -1,
        fetchOffset: BigInt(Math.min(...same.map(tail => tail.fetchFrom))),
        lastFetchedEpoch: -1,
        partitionMaxBytes: PARTITION_BYTES,
      })),
    }))
  }
}

export interface Place {
  readonly topic: string
  readonly partition: number
  /** Of the topic, on the brokers. */
  readonly name: string
}

class KafkaTail implements Tail {
  readonly of: Place
  position: number
  fetchFrom: number
  /** The broker may have more for it now. */
  behind = true
  /** A request for it is out. */
  asked = false
  onClose = (): void => undefined
  readonly #drained: () => void
  #batches: StoredBatch[] = []
  #bytes = 0
  #restsUntil = 0
  /** Records of the batch that is being taken, and how many of them are. */
  #open: readonly Recorded[] = []
  #taken = 0

  constructor(of: Place, from: number, drained: () => void) {
    this.of = of
    this.position = this.fetchFrom = from
    this.#drained = drained
  }

  get wants(): boolean {
    return !this.asked && this.#bytes < ENOUGH_BYTES && performance.now() >= this.#restsUntil
  }

  /** True: there is something to take, or the position moved. */
  receive({ stableEnd, batches, next }: Fetched): boolean {
    const news = batches.filter(batch => batch.lastOffset >= this.fetchFrom)
    for (const batch of news) this.#bytes += batch.sizeBytes
    this.#batches.push(...news)
    const before = this.fetchFrom
    this.fetchFrom = Math.max(this.fetchFrom, next ?? 0)
    this.behind = this.fetchFrom < stableEnd
    this.#rest()
    return this.fetchFrom > before
  }

  take({ records: most, bytes: mostBytes }: ReadLimit): Promise<readonly Recorded[]> {
    const was = this.wants
    const taken: Recorded[] = []
    let bytes = 0
    while (taken.length < most && (taken.length === 0 || bytes < mostBytes)) {
      const record = this.#open[this.#taken] ?? this.#next()
      if (!record) break
      this.#taken++
      taken.push(record)
      bytes += record.value.length
      this.position = record.offset + 1
    }
    this.#rest()
    if (this.wants !== was) this.#drained()
    return Promise.resolve(taken)
  }

  close(): void {
    this.#batches = []
    this.#open = []
    this.onClose()
  }

  /** The first record of the next batch that has any. */
  #next(): Recorded | undefined {
    for (;;) {
      const batch = this.#batches.shift()
      if (!batch) return undefined
      this.#bytes -= batch.sizeBytes
      this.#open = recordsOf(this.of, batch, this.position)
      this.#taken = 0
      if (this.#open[0]) return this.#open[0]
    }
  }

  /** Where there is nothing to take any more, the position is where the next fetch begins. */
  #rest(): void {
    if (this.#taken < this.#open.length || this.#batches.length > 0) return
    this.#open = []
    this.#taken = 0
    this.position = Math.max(this.position, this.fetchFrom)
  }

  /** What was to be read is no longer kept; or it is not written yet, and a broker that is asked for it does not wait. */
  jump(start: number): boolean {
    if (start <= this.fetchFrom) {
      this.#restsUntil = performance.now() + IDLE_MS
      return false
    }
    this.fetchFrom = start
    this.#rest()
    return true
  }
}

/** The records of a batch from an offset on. */
export const recordsOf = ({ topic, partition }: Place, batch: StoredBatch, from: number): Recorded[] =>
  batch
    .records()
    .filter(({ offset }) => offset >= from)
    .map(({ offset, key, value, cause }) => ({
      ...{ topic, partition, offset, key, cause },
      value: value ?? new Uint8Array(),
    }))
