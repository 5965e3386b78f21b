/** `GET /v1/cases`, `GET /v1/cases/{caseId}`, and what people do about a case. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Problem } from '../../ingest/http/problem.ts'
import type { Action, Case, CaseAction } from '../../schemas/generated/events.ts'
import { caseActions } from '../../schemas/topics.ts'
import { caseById, casesAfter } from '../../sinks/control-tower/read-cases.ts'
import type { ViewsReader } from '../../sinks/control-tower/reader.ts'
import type { Wire } from '../../streams/event.ts'
import type { Appender, Partitions } from '../../streams/log/log.ts'
import { outgoing } from '../../streams/outgoing.ts'
import type { Instant } from '../../streams/time.ts'
import { nameOf } from './access.ts'
import * as answers from './answers.ts'
import { type AnyRoute, cursorOf, paging, placeAt, route } from './route.ts'

const { iso, isoOrNull } = answers

export interface CaseNeeds {
  readonly views: ViewsReader
  readonly appender: Appender
  readonly wire: Wire
  readonly partitionsOf: Partitions
  /** How late it is by the clock that events follow: the tick with `--time event`. */
  readonly now: () => Instant
}

/** `a,b` in a query: one of these. */
const oneOf = <O extends string>(options: readonly O[]) =>
  z
    .string()
    .transform((text, context): readonly O[] => {
      const asked = new Set(text.split(','))
      const known = options.filter(option => asked.delete(option))
      if (asked.size > 0) context.addIssue({ code: 'custom', message: `expected some of ${options.join(', ')}` })
      return known
    })
    .optional()
    .describe(`Some of ${options.join(', ')}, with commas between them`)

const query = z.strictObject({
  ...paging,
  state: oneOf(answers.caseState.options),
  kind: oneOf(answers.caseKind.options),
  severity: oneOf(answers.severity.options),
  shipmentId: z.string().optional(),
})
const params = z.strictObject({ caseId: z.string() })
const place = z.tuple([z.number(), z.string()])

export const caseRoutes = (needs: CaseNeeds): readonly AnyRoute[] => [
  route({
    method: 'GET',
    path: '/v1/cases',
    summary: 'Cases, the newest first',
    role: 'read',
    query,
    answers: { 200: { description: 'A page of cases', shape: answers.casePage } },
    handle({ query: { limit, cursor, ...filter } }) {
      const after = placeAt(place, cursor)
      const from = after && { openedAt: after[0], caseId: after[1] }
      const found = needs.views.snapshot(at => casesAfter(at, filter, from, limit + 1))
      const page = found.slice(0, limit)
      const last = found.length > limit ? page.at(-1) : undefined
      const body: z.input<typeof answers.casePage> = {
        cases: page.map(caseAnswer),
        nextCursor: last ? cursorOf([last.openedAt, last.caseId]) : null,
      }
      return { status: 200, body }
    },
  }),
  route({
    method: 'GET',
    path: '/v1/cases/{caseId}',
    summary: 'One case',
    role: 'read',
    params,
    answers: { 200: { description: 'The case', shape: answers.caseShape } },
    problems: { 404: 'There is no such case' },
    handle: ({ params: { caseId } }) => ({ status: 200, body: caseAnswer(caseOr404(needs.views, caseId)) }),
  }),
  actionRoute(needs, 'acknowledge', 'Make it yours', optional),
  actionRoute(needs, 'resolve', 'Close it, until what it rests on differs', optional),
  actionRoute(needs, 'comment', 'Say something about it', optional.required({ text: true })),
]

const optional = z.strictObject({
  by: z.string().trim().min(1).max(200).optional().describe('Who acts; unless told, the name of the token'),
  text: z.string().trim().min(1).max(4_000).optional().describe('What to say about it'),
  basis: z
    .string()
    .max(1_000)
    .optional()
    .describe('basis of the case as you saw it: 409 if it has changed; unless told, the basis now'),
})

const actionRoute = (needs: CaseNeeds, action: Action, summary: string, body: z.ZodObject): AnyRoute =>
  route({
    method: 'POST',
    path: `/v1/cases/{caseId}/${action}`,
    summary,
    role: 'act',
    params,
    body,
    answers: { 202: { description: 'Durable; the case follows within a moment', shape: answers.caseAction } },
    problems: { 404: 'There is no such case', 409: 'What the case rests on has changed since you saw it' },
    async handle({ params: { caseId }, body, request }) {
      return {
        status: 202,
        body: await act(needs, action, caseOr404(needs.views, caseId), optional.parse(body), request),
      }
    },
  })

async function act(
  { appender, wire, partitionsOf, now }: CaseNeeds,
  action: Action,
  about: Case,
  {
    by = '',
    text = null,
    basis = about.basis,
  }: { by?: string | undefined; text?: string | null | undefined; basis?: string | undefined },
  request: FastifyRequest,
): Promise<z.input<typeof answers.caseAction>> {
  if (basis !== about.basis) throw new Problem(409, 'what the case rests on has changed since you saw it: look again')
  const token = nameOf(request)
  const { caseId, subjectId, subjectKind } = about
  const occurredAt = now()
  const value: CaseAction = { occurredAt, caseId, subjectId, subjectKind, action, by: by || token, text, basis }
  const said = { source: `person:${token}`, emittedAt: null, receivedAt: occurredAt, cause: null }
  const record = outgoing(wire, partitionsOf, caseActions, value, said)
  await appender.append([record])
  return { eventId: record.eventId, caseId, action, by: value.by, text, basis, occurredAt: iso(occurredAt) }
}

function caseOr404(views: ViewsReader, caseId: string): Case {
  const found = views.snapshot(at => caseById(at, caseId))
  if (!found) throw new Problem(404, 'there is no such case')
  return found
}

export function caseAnswer(aCase: Case): z.input<typeof answers.caseShape> {
  const { caseId, kind, shipmentId, stopId, severity, state, owner, closedBy, basis, revision } = aCase
  const { customerId, carrierId, companyId } = aCase
  return {
    ...{ caseId, kind, shipmentId, stopId, severity, state, owner, closedBy, basis, revision },
    ...{ customerId, carrierId, companyId },
    subject: { kind: aCase.subjectKind, id: aCase.subjectId },
    openedAt: iso(aCase.openedAt),
    closedAt: isoOrNull(aCase.closedAt),
    changedAt: iso(aCase.occurredAt),
    evidence: evidenceOf(aCase.evidence),
    notes: aCase.notes.map(({ by, at, text }) => ({ by, at: iso(at), text })),
  }
}

function evidenceOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
