/** The map in its place on the page: made when it is first seen, told of vehicles and of what is chosen. */
import { clockTime, span } from './format.js'
import { createMap } from './map/map.js'
import { ID, NEXT, SHIPMENTS } from './standing.js'

const element = id => document.getElementById(id)

/** `onPick` is called with the row of a vehicle, or with undefined. */
export function createStage(vehicles, onPick) {
  let tell
  let toldSelection
  let toldWhat
  const waiting = []

  function make() {
    tell = createMap(element('map'), {
      pick: ({ vehicle }) => onPick(vehicles.get(vehicle)),
    })
    element('zoom-in').onclick = () => tell({ type: 'zoom', by: 1, ms: 250 })
    element('zoom-out').onclick = () => tell({ type: 'zoom', by: -1, ms: 250 })
    element('show-all').onclick = () => tell({ type: 'home' })
    for (const message of waiting.splice(0)) tell(message)
  }
  return {
    put(rows, now, all) {
      const message = { type: 'vehicles', rows, now, all }
      if (tell) tell(message)
      else waiting.push({ ...message, rows: [...vehicles.values()], all: true }) > 1 && waiting.shift()
    },
    age: now => tell?.({ type: 'age', now }),
    /** What the address says and what is known of it. */
    show({ at, shipment, now }) {
      const isSeen = at.view === ''
      element('stage').hidden = !isSeen
      if (!isSeen) return
      if (!tell) make()
      const loaded = shipment?.shipmentId === at.shipment ? shipment : undefined
      const vehicle = at.vehicle || vehicleOf(vehicles, at.shipment, loaded)
      const row = vehicles.get(vehicle)
      const selection = {
        type: 'select',
        vehicle,
        label: labelOf(row, loaded, now),
        route: loaded && routeOf(loaded, vehicle),
      }
      const text = JSON.stringify(selection)
      if (text === toldSelection) return
      toldSelection = text
      const what = `${vehicle} ${loaded?.shipmentId}`
      tell({
        ...selection,
        show: what !== toldWhat && (row !== undefined || loaded !== undefined) && at.shipment !== '',
      })
      toldWhat = what
    },
  }
}

const vehicleOf = (vehicles, shipmentId, shipment) =>
  shipmentId
    ? ([...vehicles.values()].find(row => row[SHIPMENTS].includes(shipmentId))?.[ID] ??
      shipment?.lastPosition?.vehicleId ??
      '')
    : ''

/** The vehicle, and when it is where: `Lyon 14:32 (13:50–15:10)`. */
function labelOf(row, shipment, now) {
  if (!row) return []
  const [place, p50, lateByS] = row[NEXT] ?? []
  if (place === undefined) return [row[ID]]
  const eta = shipment?.nextEta
  const clock = iso => clockTime(Date.parse(iso), now)
  const between = eta ? ` (${clock(eta.p10)}–${clock(eta.p90)})` : ''
  const late = lateByS >= 60 ? `${span(lateByS)} late` : 'on time'
  return [row[ID], `${place} ${eta ? clock(eta.p50) : clockTime(p50, now)}${between}`, late]
}

function routeOf({ plan, milestones, evidence }, vehicle) {
  const reached = stopId =>
    milestones.some(one => one.stopId === stopId && one.classifier === 'actual' && !one.retracted)
  const { positions, sightings } = evidence
  const track = [...sightings.filter(({ retracted }) => !retracted), ...positions]
    .filter(one => !vehicle || one.vehicleId === vehicle)
    .sort((a, b) => (a.occurredAt < b.occurredAt ? -1 : 1))
  return {
    stops: plan.stops.map(({ stopId, place }) => ({
      ...{ at: [place.latitude, place.longitude], name: place.name, reached: reached(stopId) },
    })),
    track: track.map(({ latitude, longitude }) => [latitude, longitude]),
  }
}
