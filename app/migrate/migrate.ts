/**
 * Moves an installation to another log: to Kafka, or to another number of partitions. All but the last is copied while
 * it runs; then it has to be stopped, is let finish what it has taken in, and the rest is copied, with what its tasks know.
 * The log that is left behind is only read.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LogRefused } from '../../streams/log/log.ts'
import { each, pause } from '../../streams/together.ts'
import type { Config } from '../config.ts'
import { checkTasks } from '../copy/check-tasks.ts'
import { restamping } from '../copy/restamp.ts'
import type { Kept } from '../copy/task-filling.ts'
import { type End, isOpenElsewhere, MIGRATION, openEnd } from '../open-log.ts'
import { processors } from '../pipeline.ts'
import { drainedSinks } from '../sinks.ts'
import { allTopics } from '../topic-named.ts'
import { topicPartitions } from '../topics.ts'
import { standingOf, unrestOf } from './at-rest.ts'
import { Book, ELSEWHERE } from './book.ts'
import { copyProcessor, copySink } from './copy-tasks.ts'
import { checkTopics, copyTopic, type Copying } from './copy-topics.ts'
import { drain } from './drain.ts'
import { endWithTick } from './end-with-tick.ts'
import { agreedFacts, type Facts } from './facts.ts'
import { targetOf } from './look-ahead.ts'
import { MigrationRefused } from './refused.ts'

export interface Wish {
  /** The settings of the installation as it is, and as it will be. */
  readonly from: Config
  readonly to: Config
  /** Wait until it has been stopped, and go on; else return with what is to be done. */
  readonly wait: boolean
  readonly until: AbortSignal
  /** Hears what is being done. */
  readonly told: (line: string) => void
  /** Hears how much has been copied, and how much there was to copy when that was last looked at. */
  readonly progress: (records: number, of: number) => void
}
export interface Report {
  /** What has to be done before it can go on; null: the migration is finished. */
  readonly missing: string | null
  readonly logId: string
  /** By topic: how many have been copied, and found. */
  readonly records: Readonly<Record<string, number>>
  readonly bytes: number
  /** By task: what it was given, and found to keep. */
  readonly tasks: Readonly<Record<string, { readonly rows: number; readonly alarms: number }>>
  /** What holds by either log. */
  readonly facts: Facts | null
  readonly seconds: {
    readonly total: number
    /** Since the installation was found stopped. */
    readonly stopped: number
    /** Of these, until it had finished what it had taken in. */
    readonly drained: number
  }
}

/** States of Kafka's tasks are put here meanwhile; a start takes no notice of it. */
const SCRATCH = '.migrating'
const LOOK_MS = 500
const names = allTopics.map(({ name }) => name)

/** Throws `MigrationRefused`, `LogRefused`, or what stopped it; started again it goes on. */
export async function migrate(wish: Wish): Promise<Report> {
  const scratch = join(wish.to.data, SCRATCH)
  rmSync(scratch, { recursive: true, force: true })
  mkdirSync(scratch, { recursive: true, mode: 0o700 })
  try {
    return await new Migration(wish, scratch).run()
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

class Migration {
  readonly #wish: Wish
  readonly #scratch: string
  readonly #begun = performance.now()
  #records: Readonly<Record<string, number>> = {}
  #bytes = 0
  #tasks: readonly Kept[] = []
  #facts: Facts | null = null
  #stoppedAt: number | undefined
  #drainedMs = 0

  constructor(wish: Wish, scratch: string) {
    this.#wish = wish
    this.#scratch = scratch
  }

  async run(): Promise<Report> {
    const { to, told } = this.#wish
    const logId = await this.#withSource(({ log }) => Promise.resolve(log.id))
    // Before anything is made there.
    if ((await targetOf(to, this.#scratch)) === 'used')
      throw new MigrationRefused(`somebody else has written to that log: ${ELSEWHERE}`)
    const target = await openEnd(to, 'to', this.#scratch, 'to')
    let book: Book | undefined
    try {
      book = await Book.open(target.log, logId, names)
      if (book.finishedAt === null) {
        refuseOtherPartitions(target, to)
        const missing = await this.#fill(target, book)
        if (missing !== null) return this.#report(target, missing)
        await book.finish()
      } else told(`this migration was finished at ${book.finishedAt}`)
      return this.#report(target, null)
    } finally {
      await book?.close()
      await target.log.close()
    }
  }

  /** Resolves to what has to be done first; null: everything is there. */
  async #fill(target: End, book: Book): Promise<string | null> {
    const { from, wait, until, told } = this.#wish
    for (let said = ''; ;) {
      await this.#withSource(source => this.#copyRecords(source, target, book))
      const missing = await this.#unrest()
      if (missing === undefined) {
        this.#stoppedAt = performance.now()
        if (!from.kafkaBrokers) await drain(from, until, told)
        this.#drainedMs = performance.now() - this.#stoppedAt
        const still = await this.#withSource(source => this.#copyLast(source, target, book))
        if (still) return null
      }
      const why = missing ?? 'it has gone on meanwhile: stop it, all of it'
      if (!wait) return why
      if (why !== said) told(`copied what there is so far; ${why}`)
      said = why
      await pause(LOOK_MS, until)
      until.throwIfAborted()
    }
  }

  #unrest(): Promise<string | undefined> {
    const { from } = this.#wish
    const open = isOpenElsewhere(from)
    if (open === undefined) return this.#withSource(({ log }) => unrestOf(log))
    return Promise.resolve(open ? `Milepost runs on ${from.data}: stop it, all of it` : undefined)
  }

  async #copyRecords(source: End, target: End, book: Book): Promise<void> {
    const { until, progress } = this.#wish
    let [done, of] = [0, await unreadIn(source, book)]
    const copying: Copying = {
      ...{ source: source.log, target: target.log, book, until },
      restamp: restamping(source.ids, target.ids),
      told: (records, bytes) => {
        done += records
        this.#bytes += bytes
        of = Math.max(of, done)
        progress(done, of)
      },
    }
    for (const topic of names) await book.persist(() => copyTopic(topic, copying), until)
    this.#records = await book.persist(() => checkTopics(names, copying), until)
  }

  /** Everything that is left, with nobody at work. False: somebody was. */
  async #copyLast(source: End, target: End, book: Book): Promise<boolean> {
    const { until, told } = this.#wish
    const before = await standingOf(source.log, names)
    await this.#copyRecords(source, target, book)
    await endWithTick(target.log)
    told('copying what the tasks know')
    const logs = { source: source.log, target: target.log }
    const moves = [
      ...processors.map(processor => () => copyProcessor(processor, logs)),
      ...drainedSinks().map(sink => () => copySink(sink, logs)),
    ]
    const kept = (await each(moves, move => book.persist(move, until))).flat()
    told('comparing')
    const isAsBefore = async () => before === (await standingOf(source.log, names))
    try {
      await this.#compare(source, kept)
    } catch (error) {
      // Nobody is to wonder at what differs because it has changed since.
      if (error instanceof MigrationRefused && !(await isAsBefore())) return false
      throw error
    }
    this.#tasks = kept
    return isAsBefore()
  }

  async #compare(source: End, kept: readonly Kept[]): Promise<void> {
    const { to, until } = this.#wish
    const found = await openEnd(to, 'from', this.#scratch, 'found')
    try {
      await checkTasks(found.log, kept, what => new MigrationRefused(`${what}: somebody else has run it`))
      this.#facts = await agreedFacts(source, found, until)
    } finally {
      await found.log.close()
    }
  }

  async #withSource<T>(work: (source: End) => Promise<T>): Promise<T> {
    const source = await openEnd(this.#wish.from, 'from', this.#scratch, 'from')
    try {
      await refuseUnfit(source)
      return await work(source)
    } finally {
      await source.log.close()
    }
  }

  #report({ log }: End, missing: string | null): Report {
    const now = performance.now()
    const secondsOf = (ms: number) => Math.round(ms) / 1_000
    return {
      ...{ missing, logId: log.id, records: this.#records, bytes: this.#bytes, facts: this.#facts },
      tasks: Object.fromEntries(this.#tasks.map(({ task, tally: { rows, alarms } }) => [task, { rows, alarms }])),
      seconds: {
        total: secondsOf(now - this.#begun),
        stopped: secondsOf(now - (this.#stoppedAt ?? now)),
        drained: secondsOf(this.#drainedMs),
      },
    }
  }
}

/** How many offsets of the source are not in the book yet. */
async function unreadIn({ log }: End, book: Book): Promise<number> {
  let unread = 0
  for (const topic of names)
    for (let partition = 0; partition < log.partitionsOf(topic); partition++) {
      const { start, end } = await log.bounds(topic, partition)
      unread += Math.max(0, end - Math.max(start, book.of(topic, 'copied')?.positions[partition] ?? 0))
    }
  return unread
}

async function refuseUnfit({ log }: End): Promise<void> {
  for (const topic of names)
    try {
      log.partitionsOf(topic)
    } catch (error) {
      throw new LogRefused(`${(error as Error).message}: an older release wrote it. Start this release on it once`, {
        cause: error,
      })
    }
  if ((await log.checkpointOf(MIGRATION))?.intent)
    throw new MigrationRefused('the log to migrate from is itself half of a migration')
}

function refuseOtherPartitions({ log }: End, { partitions }: Config): void {
  for (const [topic, count] of topicPartitions(partitions))
    if (log.partitionsOf(topic) !== count)
      throw new MigrationRefused(
        `${topic} has ${log.partitionsOf(topic)} partitions there, not ${count}: choose another MILEPOST_NAMESPACE, or MILEPOST_PARTITIONS=${log.partitionsOf(topic)}`,
      )
}
