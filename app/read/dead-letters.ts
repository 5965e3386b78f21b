/** `POST /v1/dead-letters/{eventId}/replay`: have what could not be handled handled again. */
import { z } from 'zod'
import { Problem } from '../../ingest/http/problem.ts'
import type { Instant } from '../../streams/time.ts'
import type { Letter } from '../dead-letters.ts'
import { nameOf } from './access.ts'
import { type AnyRoute, route } from './route.ts'

export interface LetterNeeds {
  readonly letters: {
    all(): Promise<readonly Letter[]>
    replay(letter: Letter, now: Instant, actor: string): Promise<void>
  }
}

const replayed = z
  .strictObject({ eventId: z.string(), topic: z.string(), key: z.string().describe('Of the record that was put back') })
  .meta({ id: 'Replayed' })

export const deadLetterRoutes = ({ letters }: LetterNeeds): readonly AnyRoute[] => [
  route({
    method: 'POST',
    path: '/v1/dead-letters/{eventId}/replay',
    summary: 'Put a record that could not be handled back into its topic, once',
    role: 'act',
    params: z.strictObject({ eventId: z.string() }),
    body: z.strictObject({ again: z.boolean().optional().describe('Also where it was put back before') }),
    answers: { 200: { description: 'It is back, and is handled within a moment', shape: replayed } },
    problems: {
      404: 'There is no such dead letter',
      409: 'It was put back before, or has no bytes to put back',
    },
    async handle({ params: { eventId }, body: { again = false }, request }) {
      const letter = (await letters.all()).find(one => one.eventId === eventId)
      if (!letter) throw new Problem(404, 'there is no such dead letter')
      if (letter.replayed && !again) throw new Problem(409, 'it was put back before')
      const { topic, key, raw } = letter.value
      if (raw.length === 0) throw new Problem(409, 'it has no bytes that could be put back')
      await letters.replay(letter, Date.now() as Instant, `person:${nameOf(request)}`)
      return { status: 200, body: { eventId, topic, key } }
    },
  }),
]
