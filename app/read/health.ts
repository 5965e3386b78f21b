/** How the pipeline is: for probes, for Prometheus, and hop by hop for people. */
import { z } from 'zod'
import { deadLetters, lates, refusals } from '../../schemas/topics.ts'
import { troublesOf } from '../../sinks/control-tower/read-cases.ts'
import type { ViewsReader } from '../../sinks/control-tower/reader.ts'
import { type AnyRoute, route } from './route.ts'

const count = z.int().nonnegative()
const instant = z.iso.datetime()

export const hopShape = z
  .strictObject({
    hop: z.string().describe('Name of the adapter, processor or sink'),
    kind: z.enum(['ingest', 'processor', 'sink']),
    state: z.enum(['running', 'catching_up', 'paused', 'stopped']),
    detail: z.string().nullable().describe('Why it is not running'),
    in: count.describe('Records read'),
    out: count.describe('Records written'),
    dropped: z.record(z.string(), count).describe('Records deliberately ignored, by reason'),
    deadLetters: count,
    lag: count.describe('Records not yet read'),
  })
  .meta({ id: 'Hop' })
export type Hop = z.infer<typeof hopShape>

/** What the program knows of itself; counts since the log began. */
export interface PipelineHealth {
  /** A living process runs every hop. */
  readonly ready: boolean
  readonly hops: readonly Hop[]
  /** The highest tick, milliseconds; null: none yet. */
  readonly tick: number | null
}

export interface HealthNeeds {
  readonly views: ViewsReader
  readonly pipeline: () => Promise<PipelineHealth>
}

const readyShape = z
  .strictObject({
    status: z.enum(['ready', 'not_ready']),
    hops: z.array(hopShape.pick({ hop: true, state: true, lag: true })),
  })
  .meta({ id: 'Readiness' })

const troubles = z
  .strictObject({
    count: count.describe('Since the log began'),
    last: z
      .array(
        z.strictObject({
          eventId: z.string(),
          foundBy: z.string(),
          occurredAt: instant,
          reason: z.string(),
          at: z.string().describe('Where: in the payload, in the log, or of which topic'),
          key: z.string().nullable(),
        }),
      )
      .describe('The newest first'),
  })
  .meta({ id: 'Troubles' })

export const pipelineShape = z
  .strictObject({
    ready: z.boolean(),
    tick: instant.nullable().describe('How late it is by the clock that alarms follow'),
    hops: z.array(hopShape).describe('In the order of the path of an event'),
    refused: troubles.describe('Input that was not understood'),
    late: troubles.describe('What came after its horizon'),
    deadLetters: troubles.describe('What could not be handled'),
  })
  .meta({ id: 'Pipeline' })

/** How many troubles of a kind are shown. */
const SHOWN = 20

export const healthRoutes = ({ views, pipeline }: HealthNeeds): readonly AnyRoute[] => [
  route({
    method: 'GET',
    path: '/health/live',
    summary: 'The process answers',
    answers: { 200: { description: 'It does', shape: z.strictObject({ status: z.literal('live') }) } },
    handle: () => ({ status: 200, body: { status: 'live' } }),
  }),
  route({
    method: 'GET',
    path: '/health/ready',
    summary: 'A living process runs every hop',
    answers: {
      200: { description: 'So it is', shape: readyShape },
      503: { description: 'Not yet, or no more', shape: readyShape },
    },
    async handle() {
      const { ready, hops } = await pipeline()
      const body: z.input<typeof readyShape> = {
        status: ready ? 'ready' : 'not_ready',
        hops: hops.map(({ hop, state, lag }) => ({ hop, state, lag })),
      }
      return { status: ready ? 200 : 503, body }
    },
  }),
  route({
    method: 'GET',
    path: '/v1/health/pipeline',
    summary: 'The pipeline hop by hop, and what went wrong in it',
    role: 'read',
    answers: { 200: { description: 'Its health', shape: pipelineShape } },
    async handle() {
      const { ready, hops, tick } = await pipeline()
      const of = ({ name }: { readonly name: string }): z.input<typeof troubles> => {
        const { count, last } = views.snapshot(at => troublesOf(at, name, SHOWN))
        return { count, last: last.map(one => ({ ...one, occurredAt: new Date(one.occurredAt).toISOString() })) }
      }
      const body: z.input<typeof pipelineShape> = {
        ready,
        tick: tick === null ? null : new Date(tick).toISOString(),
        hops: [...hops],
        refused: of(refusals),
        late: of(lates),
        deadLetters: of(deadLetters),
      }
      return { status: 200, body }
    },
  }),
]
