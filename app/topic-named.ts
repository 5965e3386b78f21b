import * as topics from '../schemas/topics.ts'
import type { AnyTopic } from '../streams/topic.ts'

export const allTopics: readonly AnyTopic[] = Object.values(topics).filter(
  (one): one is Extract<typeof one, { codec: unknown }> => typeof one === 'object' && 'codec' in one,
)
const byName = new Map(allTopics.map(topic => [topic.name, topic]))

/** The topic of this name, if there is one. */
export const topicNamed = (name: string): AnyTopic | undefined => byName.get(name)
