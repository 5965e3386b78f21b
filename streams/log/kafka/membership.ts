/**
 * Which tasks fall to this process: the next generation of the consumer group protocol (KIP-848). The brokers assign the
 * partitions of a topic, a task each; a partition that goes to another is given up first, the others go on. A member that
 * stops keeps its place for the group's session timeout: one that comes back under its id in time has its tasks again.
 */
import { consumerGroupHeartbeatV1 } from '@platformatic/kafka'
import { Bell } from './bell.ts'
import type { Cluster } from './cluster.ts'
import { answered, explained, isPassing, KafkaError, mustBeFine, namesOf } from './errors.ts'

export interface Group {
  readonly id: string
  /** The topic whose partitions are the group's tasks. */
  readonly topic: { readonly name: string; readonly id: string }
  readonly tasks: readonly string[]
}

/** This process in a group. `epoch` changes with every assignment; 0: it is not in. */
export interface Member {
  readonly id: string
  epoch: number
}

interface Running {
  readonly stop: AbortController
  readonly done: Promise<void>
}

/** How long a task may take to stop before its partition is given away without it. */
const REBALANCE_TIMEOUT_MS = 60_000
const RETRY_MS = 200
const LANE = 'membership'
/** The coordinator counts us out: whatever we run, others may run too, and what we write is fenced off. */
const OUT = new Set(['UNKNOWN_MEMBER_ID', 'FENCED_MEMBER_EPOCH', 'GROUP_ID_NOT_FOUND'])

export async function takePart(
  cluster: Cluster,
  group: Group,
  member: Member,
  work: (task: string, stop: AbortSignal) => Promise<void>,
  until: AbortSignal,
): Promise<void> {
  const running = new Map<number, Running>()
  const failures: unknown[] = []
  let target: ReadonlySet<number> = new Set<number>()
  /** What the coordinator knows that we run; undefined: it may know less of us than we told, or we of it. */
  let known: string | undefined
  const news = new Bell()
  const isOver = () => until.aborted || failures.length > 0
  const stopped = () => {
    news.ring()
  }
  until.addEventListener('abort', stopped, { once: true })

  member.epoch = 0
  // Also while the last of it stops: nobody else is to begin before it has.
  while (!isOver() || running.size > 0) {
    if (isOver()) stopSome(() => true)
    try {
      const { memberEpoch, heartbeatIntervalMs, assignment } = await beat(mine())
      member.epoch = memberEpoch
      if (assignment) target = new Set(assignment.topicPartitions.flatMap(({ partitions }) => partitions))
      stopSome(partition => !target.has(partition))
      for (const partition of target) if (!running.has(partition) && !isOver()) start(partition)
      if (mine().join() === known && !isOver()) await news.wait(heartbeatIntervalMs)
      else if (isOver() && running.size > 0) await news.wait(RETRY_MS)
    } catch (error) {
      known = undefined
      if (namesOf(error).some(name => OUT.has(name))) {
        const joining = member.epoch === 0
        // At once: what still stops here is not to take its task from whoever has it now.
        member.epoch = 0
        await stopAll()
        target = new Set()
        if (joining) await news.wait(RETRY_MS)
      } else if (isPassing(error)) await news.wait(RETRY_MS)
      else {
        failures.push(explained(error, `take part in ${group.id}`))
        await stopAll()
      }
    }
  }
  until.removeEventListener('abort', stopped)
  if (failures.length > 0) throw failures[0]

  /**
   * Say that we live, and what we run where that has changed. Where an answer may have been lost, all is said: only to
   * that the coordinator replies with the assignment again.
   */
  async function beat(mine: readonly number[]) {
    const all = member.epoch === 0 || known === undefined
    const told = mine.join()
    const answer = await answered(
      cluster.askCoordinator(
        ...([LANE, 'group', group.id, consumerGroupHeartbeatV1.api, group.id, member.id, member.epoch] as const),
        ...([null, null, all ? REBALANCE_TIMEOUT_MS : -1] as const),
        ...([all ? [group.topic.name] : null, null, null] as const),
        all || told !== known ? (mine.length === 0 ? [] : [{ topicId: group.topic.id, partitions: [...mine] }]) : null,
      ),
    )
    if (isPassing(new KafkaError(answer.errorCode, ''))) cluster.forgetCoordinator('group', group.id)
    mustBeFine(answer.errorCode, `${group.id}: ${answer.errorMessage ?? ''}`)
    known = told
    return answer
  }

  function mine(): number[] {
    return [...running.keys()].sort((a, b) => a - b)
  }

  function start(partition: number): void {
    const task = group.tasks[partition]
    if (task === undefined) return
    const stop = new AbortController()
    const failed = (error: unknown) => {
      failures.push(error)
    }
    const done = work(task, stop.signal)
      .catch(failed)
      .then(() => {
        running.delete(partition)
        news.ring()
      })
    running.set(partition, { stop, done })
  }

  function stopSome(which: (partition: number) => boolean): void {
    for (const [partition, { stop }] of running) if (which(partition)) stop.abort()
  }

  async function stopAll(): Promise<void> {
    stopSome(() => true)
    await Promise.all([...running.values()].map(({ done }) => done))
  }
}
