/** What a migration would do, found out without changing anything. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LogRefused } from '../../streams/log/log.ts'
import type { Config } from '../config.ts'
import { type End, isOpenElsewhere, MIGRATION, openEnd } from '../open-log.ts'
import { allTopics } from '../topic-named.ts'
import { topicPartitions } from '../topics.ts'
import { outstanding } from './at-rest.ts'
import { ELSEWHERE, isUsed } from './book.ts'

const names = allTopics.map(({ name }) => name)

export interface Ahead {
  /** By topic. */
  readonly records: Readonly<Record<string, number>>
  /** By topic: how many it has, and will have. */
  readonly partitions: Readonly<Record<string, readonly [from: number, to: number]>>
  /** What is still to be read, heard or written. */
  readonly outstanding: readonly string[]
  /** null: nobody can tell. */
  readonly runs: boolean | null
  readonly target: 'to be made' | 'empty' | 'half filled' | 'filled' | 'used'
  /** Why it can't be; null: it can. */
  readonly refused: string | null
  /** The same for people. */
  readonly lines: readonly string[]
}

export async function lookAhead(from: Config, to: Config): Promise<Ahead> {
  const scratch = mkdtempSync(join(tmpdir(), 'milepost-migrate-'))
  try {
    const runs = isOpenElsewhere(from) ?? null
    const source = await openEnd(from, 'from', scratch, 'from')
    const found = await within(source, async ({ log }) => ({
      ...(await sizes(source, topicPartitions(to.partitions))),
      outstanding: await outstanding(log),
    }))
    const target = await targetOf(to, scratch)
    const refused = target === 'used' ? `somebody else has written to that log: ${ELSEWHERE}` : null
    const ahead = { ...found, runs, target, refused }
    return { ...ahead, lines: linesOf(ahead) }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function sizes({ log }: End, will: ReadonlyMap<string, number>): Promise<Pick<Ahead, 'records' | 'partitions'>> {
  const records: Record<string, number> = {}
  const partitions: Record<string, readonly [number, number]> = {}
  for (const name of names) {
    const count = log.partitionsOf(name)
    partitions[name] = [count, will.get(name) ?? count]
    const bounds = await Promise.all(Array.from({ length: count }, (_, n) => log.bounds(name, n)))
    records[name] = bounds.reduce((sum, { start, end }) => sum + end - start, 0)
  }
  return { records, partitions }
}

/** What there is already where the new log is to be. */
export async function targetOf(to: Config, scratch: string): Promise<Ahead['target']> {
  let target: End
  try {
    target = await openEnd(to, 'from', scratch, 'look')
  } catch (error) {
    if (error instanceof LogRefused && error.message.startsWith('there is no ')) return 'to be made'
    throw error
  }
  return within(target, async ({ log }) => {
    const book = await log.checkpointOf(MIGRATION)
    if (book) return book.intent ? 'half filled' : 'filled'
    return (await isUsed(log, names)) ? 'used' : 'empty'
  })
}

async function within<T>(end: End, work: (end: End) => Promise<T>): Promise<T> {
  try {
    return await work(end)
  } finally {
    await end.log.close()
  }
}

function linesOf({ records, partitions, outstanding: waiting, runs, target, refused }: Omit<Ahead, 'lines'>): string[] {
  const all = Object.values(records).reduce((sum, n) => sum + n, 0)
  return [
    ...Object.entries(records)
      .filter(([, n]) => n > 0)
      .map(
        ([topic, n]) =>
          `${topic}: ${n.toLocaleString('en')} records, ${(partitions[topic] ?? []).join(' → ')} partitions`,
      ),
    `${all.toLocaleString('en')} records in all`,
    `the new log: ${target}${refused === null ? '' : `: ${refused}`}`,
    waiting.length === 0
      ? 'everything has been read and heard'
      : `still to be read and heard, by ${waiting.length}: ${waiting[0] ?? ''}`,
    ...(runs === null ? [] : [runs ? 'Milepost runs: it has to be stopped towards the end' : 'Milepost does not run']),
  ]
}
