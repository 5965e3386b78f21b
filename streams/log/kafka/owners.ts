import { consumerGroupDescribeV0 } from '@platformatic/kafka'
import type { Cluster } from './cluster.ts'
import { answered, isPassing, KafkaError } from './errors.ts'

const GROUP_ID_NOT_FOUND = 69

/** The partitions of a group that a member has now; a member that died counts for the group's session timeout. */
export async function ownersIn(cluster: Cluster, group: string): Promise<ReadonlySet<number>> {
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
