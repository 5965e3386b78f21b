/** Offsets of partitions; what is asked within one turn of the event loop is asked of each broker at once. */
import { listOffsetsV8 } from '@platformatic/kafka'
import type { Cluster } from './cluster.ts'
import { answered, mustBeFine } from './errors.ts'

/** What to look for: the first record kept, the end of all that is written, or the first record from a time on. */
export type Which = { readonly at: 'start' | 'end' } | { readonly from: number }

interface Question {
  readonly topic: string
  readonly partition: number
  readonly timestamp: bigint
  readonly answer: PromiseWithResolvers<number>
}

const ANY_REPLICA = -1
const ALSO_UNCOMMITTED = 0
const timestampOf = (which: Which): bigint => ('from' in which ? BigInt(which.from) : which.at === 'end' ? -1n : -2n)

export class Offsets {
  readonly #cluster: Cluster
  #waiting: Question[] = []

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** `topic` as the brokers call it. -1: there is no record from that time on. */
  async find(topic: string, partition: number, which: Which): Promise<number> {
    return this.#cluster.persist(`look at ${topic}/${partition}`, () => {
      const question = { topic, partition, timestamp: timestampOf(which), answer: Promise.withResolvers<number>() }
      if (this.#waiting.push(question) === 1) setImmediate(() => this.#ask(this.#waiting.splice(0)))
      return question.answer.promise
    })
  }

  #ask(questions: readonly Question[]): void {
    const { leaderOf } = { leaderOf: (q: Question) => this.#cluster.leaderOf(q.topic, q.partition) }
    // A request names a partition once.
    for (const [timestamp, same] of Map.groupBy(questions, ({ timestamp }) => timestamp))
      for (const [leader, asked] of Map.groupBy(same, leaderOf))
        this.#askOne(leader, timestamp, asked).catch((error: unknown) => {
          for (const { answer } of asked) answer.reject(error)
        })
  }

  async #askOne(leader: number, timestamp: bigint, asked: readonly Question[]): Promise<void> {
    const topics = [...Map.groupBy(asked, ({ topic }) => topic)].map(([name, of]) => ({
      name,
      partitions: [...new Set(of.map(({ partition }) => partition))].map(partitionIndex => ({
        ...{ partitionIndex, timestamp },
        currentLeaderEpoch: -1,
      })),
    }))
    const answer = await answered(
      this.#cluster.ask('offsets', leader, listOffsetsV8.api, ANY_REPLICA, ALSO_UNCOMMITTED, topics),
    )
    for (const { name, partitions } of answer.topics)
      for (const { partitionIndex, errorCode, offset } of partitions)
        for (const question of asked) {
          if (question.topic !== name || question.partition !== partitionIndex) continue
          try {
            mustBeFine(errorCode, `${name}/${partitionIndex}`)
            question.answer.resolve(Number(offset))
          } catch (error) {
            question.answer.reject(error instanceof Error ? error : new Error(String(error)))
          }
        }
  }
}
