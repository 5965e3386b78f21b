import { consumerGroupDescribeV0 } from '@platformatic/kafka'
import type { Cluster } from './cluster.ts'
import { answered, isPassing, KafkaError } from './errors.ts'

const GROUP_ID_NOT_FOUND = 69

/** Who of a group has something. Those who ask while another's question is out share its answer. */
export class Owners {
  readonly #cluster: Cluster
  readonly #asking = new Map<string, Promise<ReadonlySet<number>>>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** The partitions that a member has now; a member that died counts for the group's session timeout. */
  of(group: string): Promise<ReadonlySet<number>> {
    let asking = this.#asking.get(group)
    if (!asking) {
      asking = ownersIn(this.#cluster, group).finally(() => this.#asking.delete(group))
      this.#asking.set(group, asking)
    }
    return asking
  }
}

function ownersIn(cluster: Cluster, group: string): Promise<ReadonlySet<number>> {
  return cluster.persist(`look at ${group}`, async () => {
    const { groups } = await answered(
      cluster.askCoordinator('ask', 'group', group, consumerGroupDescribeV0.api, [group], false),
    )
    const [{ errorCode, members } = { errorCode: GROUP_ID_NOT_FOUND, members: [] }] = groups
    if (errorCode !== 0 && errorCode !== GROUP_ID_NOT_FOUND) {
      const error = new KafkaError(errorCode, group)
      if (isPassing(error)) cluster.forgetCoordinator('group', group)
      throw error
    }
    return new Set(
      members.flatMap(({ assignment }) => assignment.topicPartitions.flatMap(({ partitions }) => partitions)),
    )
  })
}
