/** What an installation has on the brokers: its topics, and for each group of tasks a changelog whose partitions are the tasks. */
import { LogRefused, type Partitions } from '../log.ts'
import type { Cluster } from './cluster.ts'
import { type Names, namesIn } from './names.ts'
import { ensureTopics, type Wanted } from './topics.ts'

export interface LayoutOptions {
  readonly namespace: string
  /** Partitions of the topics that are new; the others keep theirs. */
  readonly topics: ReadonlyMap<string, number>
  /** The tasks of each group, in the order of their partitions. */
  readonly groups: (partitionsOf: Partitions) => ReadonlyMap<string, readonly string[]>
  /** Copies of each partition; absent: three where there are as many brokers. */
  readonly replication?: number | undefined
  /** false: topics that are missing are refused. */
  readonly mayMake?: boolean
}

export interface Layout {
  readonly names: Names
  readonly partitionsOf: Partitions
  readonly groups: ReadonlyMap<string, readonly string[]>
}

/** Look what there is, and make what is missing. */
export async function layOut(cluster: Cluster, options: LayoutOptions): Promise<Layout> {
  const { namespace, topics, replication, mayMake = true } = options
  const names = namesIn(namespace)
  const ensure = (wanted: readonly Wanted[]) => ensureTopics(cluster, wanted, replication, mayMake)
  await ensure([...topics].map(([topic, partitions]) => ({ name: names.topic(topic), partitions, kept: 'all' })))
  const partitionsOf: Partitions = topic => {
    if (!topics.has(topic)) throw new Error(`${names.topic(topic)} is no topic of this log`)
    return cluster.topic(names.topic(topic)).leaders.length
  }
  const groups = options.groups(partitionsOf)
  await ensure([
    ...[...groups].map(([group, { length }]) => ({
      ...{ name: names.changelog(group), partitions: length, kept: 'newest' as const },
    })),
    { name: names.checkpoints, partitions: 1, kept: 'newest, small' },
  ])
  for (const [group, tasks] of groups) {
    const name = names.changelog(group)
    const { length } = cluster.topic(name).leaders
    // What would be left over would run nowhere, and keys would be looked for where their state is not.
    if (length !== tasks.length)
      throw new LogRefused(
        `${name} has ${length} partitions for ${tasks.length} tasks: the number of partitions of a topic was changed on Kafka; it can be changed by milepost migrate only`,
      )
  }
  return { names, partitionsOf, groups }
}
