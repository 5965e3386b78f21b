/** What ClickHouse's views say, beside what the read API says: two sinks of the same topics. */
import type { ClickHouse } from '../../sinks/clickhouse/client.ts'
import { type Lines, line, type Standing } from './outcome.ts'

const iso = (of: string) => `replaceOne(toString(${of}), ' ', 'T') || 'Z'`

export async function viewsOf(clickhouse: ClickHouse): Promise<Lines> {
  const lines = async (columns: readonly string[], from: string) => {
    const rows = await clickhouse.query<{ cells: (string | null)[] }>(
      `SELECT [${columns.map(column => `toString(${column})`).join(', ')}] AS cells FROM ${from}`,
    )
    return rows.map(({ cells }) => line(...cells)).sort()
  }
  return {
    current_shipments: await lines(
      ['shipment_id', 'status', 'vehicle_id', iso('occurred_at'), 'revision'],
      'current_shipments',
    ),
    current_milestones: await lines(
      ['shipment_id', 'stop_id', 'code', 'classifier', iso('occurred_at'), 'source', 'revision'],
      'current_milestones',
    ),
    current_etas: await lines(
      ['shipment_id', 'stop_id', iso('p10'), iso('p50'), iso('p90'), iso('as_of'), 'basis', 'model_id', 'revision'],
      'current_etas',
    ),
    open_cases: await lines(
      ['case_id', 'kind', 'subject_id', 'stop_id', 'state', 'severity', iso('opened_at'), 'basis', 'revision'],
      'open_cases',
    ),
  }
}

export const viewsOfApi = ({ shipments, cases }: Standing): Lines => ({
  current_shipments: shipments
    .map(({ shipmentId, status, vehicleId, plannedAt, plan }) =>
      line(shipmentId, status, vehicleId, plannedAt, plan.revision),
    )
    .sort(),
  current_milestones: shipments
    .flatMap(({ shipmentId, milestones }) =>
      milestones
        .filter(({ retracted }) => !retracted)
        .map(({ stopId, code, classifier, occurredAt, claimedBy, revision }) =>
          line(shipmentId, stopId, code, classifier, occurredAt, claimedBy, revision),
        ),
    )
    .sort(),
  current_etas: shipments
    .flatMap(({ shipmentId, etas }) =>
      etas
        .filter(({ retracted }) => !retracted)
        .map(({ stopId, p10, p50, p90, asOf, basis, modelId, revision }) =>
          line(shipmentId, stopId, p10, p50, p90, asOf, basis, modelId, revision),
        ),
    )
    .sort(),
  open_cases: cases
    .filter(({ state }) => state === 'open' || state === 'acknowledged')
    .map(({ caseId, kind, subject, stopId, state, severity, openedAt, basis, revision }) =>
      line(caseId, kind, subject.id, stopId, state, severity, openedAt, basis, revision),
    )
    .sort(),
})
