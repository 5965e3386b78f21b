/** What holds by a log: of each fact that is concluded the last revision. Two logs that say the same have the same outcome. */
import type { Case } from '../../schemas/generated/events.ts'
import * as topics from '../../schemas/topics.ts'
import type { Event, Wire } from '../../streams/event.ts'
import { LogUnavailable, type Recorded } from '../../streams/log/log.ts'
import type { Occurred, Topic } from '../../streams/topic.ts'
import { TopicReader } from '../copy/topic-reader.ts'
import type { Opened } from '../open-log.ts'
import { MigrationRefused } from './refused.ts'

/** A fact that is said anew when it changes. */
interface Revised extends Occurred {
  readonly revision: number
  readonly retracted: boolean
}
const CONCLUDED = {
  shipments: topics.shipmentPlans,
  milestones: topics.shipmentMilestones,
  etas: topics.shipmentEtas,
  cases: topics.cases,
} as const
export type Facts = { readonly [what in keyof typeof CONCLUDED]: number } & { readonly openCases: number }

interface Last {
  readonly revision: number
  readonly eventId: string
  readonly stands: boolean
  readonly isOpen: boolean
}

/** How many facts hold by both logs. Throws `MigrationRefused` where one says otherwise than the other. */
export async function agreedFacts(one: Opened, other: Opened, until: AbortSignal): Promise<Facts> {
  const facts = { shipments: 0, milestones: 0, etas: 0, cases: 0, openCases: 0 }
  for (const [what, topic] of Object.entries(CONCLUDED) as [keyof typeof CONCLUDED, Topic<string, Revised>][]) {
    const [here, there] = await Promise.all([lastOf(one, topic, until), lastOf(other, topic, until)])
    const differs =
      here.size === there.size
        ? [...here].find(([fact, { eventId }]) => there.get(fact)?.eventId !== eventId)?.[0]
        : `${here.size} and ${there.size} of them`
    if (differs !== undefined) throw new MigrationRefused(`the two logs do not say the same ${what}: ${differs}`)
    const standing = [...here.values()].filter(({ stands }) => stands)
    facts[what] = standing.length
    if (what === 'cases') facts.openCases = standing.filter(({ isOpen }) => isOpen).length
  }
  return facts
}

async function lastOf({ log, wire }: Opened, topic: Topic<string, Revised>, until: AbortSignal) {
  const last = new Map<string, Last>()
  const reader = await TopicReader.of(log, topic.name)
  try {
    for (let chunk = await reader.next(until); chunk; chunk = await reader.next(until))
      for (const record of chunk.records) {
        const said = readable(wire, topic, record)
        if (!said) continue
        const identity = topic.identityOf(said.value)
        const { revision, retracted } = said.value
        if ((last.get(identity)?.revision ?? -1) > revision) continue
        const { state } = said.value as Partial<Case>
        const isOpen = state === 'open' || state === 'acknowledged'
        last.set(identity, { revision, eventId: said.eventId, stands: !retracted, isOpen })
      }
  } finally {
    reader.close()
  }
  return last
}

/** What can't be read is a dead letter to all who read it. */
function readable(wire: Wire, topic: Topic<string, Revised>, record: Recorded): Event<Revised> | undefined {
  try {
    return wire.open(topic, record.value, record.cause)
  } catch (error) {
    if (error instanceof LogUnavailable) throw error
    return undefined
  }
}
