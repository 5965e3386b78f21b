/** What needs a person. */
import { cases } from '../../schemas/topics.ts'
import { keepHighest, sinkInto } from './sink-into.ts'

const CASE = keepHighest(
  'cases',
  ['case_id'],
  ['case_id', 'revision', 'event_id', 'shipment_id', 'kind', 'severity', 'state', 'opened_at', 'value'],
)

export const casesSink = sinkInto('cases', cases, views => {
  const put = views.sql(CASE)
  return ({ eventId, value }) => {
    const { caseId, revision, shipmentId, kind, severity, state, openedAt, retracted } = value
    const stands = retracted ? 'withdrawn' : state
    put.run(
      caseId,
      revision,
      eventId,
      shipmentId,
      kind,
      severity,
      stands,
      openedAt,
      JSON.stringify({ ...value, state: stands }),
    )
    return shipmentId ?? undefined
  }
})
