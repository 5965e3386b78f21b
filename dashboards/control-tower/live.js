/** What changes, as GET /v1/live tells it while somebody looks; and the vehicles, which it keeps up to date. */
import { ask, query } from './api.js'
import { ID, OCCURRED_AT } from './standing.js'

const PAGE = 500
const AGAIN_MS = 5_000

/**
 * `on` is told: `state` (live, connecting), `vehicles` (rows, whether these are all), `changes`, `hops`, and `everything`
 * when it can't be told what has changed.
 */
export function createLive(on) {
  const vehicles = new Map()
  let source
  let again
  let now = Date.now()

  async function load() {
    const all = []
    for (let cursor = ''; cursor !== null;) {
      const page = await ask(`/v1/vehicles?${query({ limit: PAGE, cursor })}`)
      all.push(...page.vehicles.map(rowOf))
      cursor = page.nextCursor
    }
    // What came by the stream meanwhile is newer.
    const newer = row => (vehicles.get(row[ID])?.[OCCURRED_AT] ?? 0) <= row[OCCURRED_AT]
    put(all.filter(newer), false)
  }
  function put(rows, all) {
    if (all) vehicles.clear()
    for (const row of rows) vehicles.set(row[ID], row)
    on.vehicles(rows, now, all)
  }
  const told = {
    hello({ resumed, now: at }) {
      now = at
      on.state('live')
      if (resumed) return
      on.everything()
      put([], true)
      load().catch(() => on.state('connecting'))
    },
    changes(change) {
      now = change.now
      if (change.vehicles.length > 0) put(change.vehicles, false)
      on.changes(change)
    },
    hops: hops => on.hops(hops),
  }

  function open() {
    close()
    on.state('connecting')
    source = new EventSource('/v1/live')
    for (const [name, tell] of Object.entries(told)) source.addEventListener(name, ({ data }) => tell(JSON.parse(data)))
    source.addEventListener('error', () => {
      on.state('connecting')
      // It comes back by itself from a broken connection, not from an answer that was a refusal.
      if (source.readyState === EventSource.CLOSED) again = setTimeout(open, AGAIN_MS)
    })
  }
  function close() {
    clearTimeout(again)
    source?.close()
  }
  return { vehicles, open, close, now: () => now }
}

/** A vehicle of GET /v1/vehicles, as the stream would tell it. */
function rowOf({ vehicleId, occurredAt, latitude, longitude, speedMps, courseDeg, shipmentIds, worstCase, next }) {
  const coming = next && [next.place, Date.parse(next.p50), next.lateByS]
  return [vehicleId, Date.parse(occurredAt), latitude, longitude, speedMps, courseDeg, shipmentIds, worstCase, coming]
}
