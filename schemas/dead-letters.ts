import type { Letter } from '../streams/task.ts'
import { emit, type Emission } from '../streams/topic.ts'
import { deadLetters } from './topics.ts'

/** How a dead letter is written: where the record lies, why it could not be handled, and its bytes. */
export const deadLetterOf = ({ hop, record, reason, tick }: Letter): Emission<string> => {
  const { topic, partition, offset, key, value, cause } = record
  return emit(deadLetters, {
    ...{ occurredAt: tick, hop, topic, partition, offset, key, reason },
    raw: Buffer.from(value),
    recordCause: cause,
  })
}
