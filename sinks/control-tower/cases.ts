/** What needs a person. */
import { cases } from '../../schemas/topics.ts'
import { keepHighest, sinkInto } from './sink-into.ts'

const CASE = keepHighest(
  'cases',
  ['case_id'],
  ['case_id', 'revision', 'event_id', 'shipment_id', 'kind', 'severity', 'state', 'opened_at', 'value'],
)

export const casesSink = sinkInto('cases', cases, (views, note) => {
  const put = views.sql(CASE)
  return ({ eventId, value }) => {
    const { caseId, revision, shipmentId, kind, severity, state, openedAt, retracted } = value
    const stands = retracted ? 'withdrawn' : state
    const { changes } = put.run(
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
    if (changes === 0) return
    note('case', caseId)
    if (shipmentId !== null) note('shipment', shipmentId)
  }
})
