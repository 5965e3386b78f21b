import * as topics from '../schemas/topics.ts'
import type { AnyTopic } from '../streams/topic.ts'

const byName = new Map<string, AnyTopic>(
  Object.values(topics).flatMap(one =>
    typeof one === 'object' && 'codec' in one ? [[one.name, one as AnyTopic] as const] : [],
  ),
)

/** The topic of this name, if there is one. */
export const topicNamed = (name: string): AnyTopic | undefined => byName.get(name)
