import { topicsWithSchema } from '../schemas/registry.ts'

/** Topics that no processor joins with another: one partition is enough. */
const ALONE = new Set(['clock.tick.v1', 'refused.v1', 'late.v1', 'dead-letter.v1', 'audit.v1', 'event.lag.v1'])

/** How many partitions each topic gets in a new installation. */
export const topicPartitions = (partitions: number): Map<string, number> =>
  new Map(topicsWithSchema().map(topic => [topic, ALONE.has(topic) ? 1 : partitions]))
