/** What Milepost found, read from its ClickHouse as an analyst would. */
import { COMES_AGAIN, type Found, type FoundCase, type FoundEta } from './judge.ts'

/** The address of ClickHouse's HTTP interface; `user` reads the database `milepost`. */
export interface Source {
  readonly url: string
  readonly user?: string
  readonly password?: string
}

async function rows(source: Source, sql: string): Promise<(string | number | null)[][]> {
  const query = new URLSearchParams({
    database: 'milepost',
    user: source.user ?? 'analyst',
    password: source.password ?? '',
  })
  const answer = await fetch(`${source.url}/?${query.toString()}`, {
    method: 'POST',
    body: `${sql} FORMAT JSONCompactEachRow`,
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`ClickHouse: ${answer.status} ${text.slice(0, 300)}`)
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as (string | number | null)[])
}
const MS = (of: string) => `toInt64(toUnixTimestamp64Milli(${of}))`
/** So many shipments are asked for at once. */
const PART = 16

/** `names`: what the world calls shipments that have another name now. */
export async function foundIn(source: Source, names: ReadonlyMap<string, string> = new Map()): Promise<Found> {
  const named = (id: string | number | null | undefined) => names.get(String(id)) ?? String(id)
  const cases = await rows(
    source,
    `SELECT kind, subject_id, stop_id, state, retracted, ${MS('opened_at')} FROM cases
     ORDER BY revision DESC, event_id DESC
     LIMIT 1 BY case_id, if(kind IN (${[...COMES_AGAIN].map(kind => `'${kind}'`).join()}), basis, '')`,
  )
  const milestones = await rows(
    source,
    `SELECT shipment_id, stop_id, code, ${MS('occurred_at')}, source FROM current_milestones
     WHERE classifier = 'actual' AND stop_id IS NOT NULL`,
  )
  const etas: FoundEta[] = []
  for (let part = 0; part < PART; part++)
    for (const [shipmentId, stopId, asOf, p10, p50, p90, modelId] of await rows(
      source,
      `SELECT shipment_id, stop_id, ${MS('occurred_at')}, ${MS('p10')}, ${MS('p50')}, ${MS('p90')}, model_id FROM shipment_etas
       WHERE NOT retracted AND cityHash64(shipment_id) % ${PART} = ${part}`,
    ))
      etas.push({
        ...{ shipmentId: named(shipmentId), stopId: String(stopId), asOf: Number(asOf), modelId: String(modelId) },
        ...{ p10: Number(p10), p50: Number(p50), p90: Number(p90) },
      })
  return {
    cases: cases.map(([kind, subject, stopId, state, retracted, openedAt]): FoundCase => {
      const stands = state !== 'withdrawn' && !retracted
      return {
        kind: String(kind),
        subject: named(subject),
        stopId: stopId as string | null,
        stands,
        openedAt: Number(openedAt),
      }
    }),
    milestones: milestones.map(([shipmentId, stopId, code, at, by]) => ({
      ...{ shipmentId: named(shipmentId), stopId: String(stopId), code: String(code), at: Number(at) },
      by: String(by).split(':')[0] ?? '',
    })),
    etas,
  }
}

/** The ids of the cases that are open. */
export const openCasesIn = async (source: Source): Promise<ReadonlySet<string>> =>
  new Set((await rows(source, 'SELECT case_id FROM open_cases')).map(([caseId]) => String(caseId)))
