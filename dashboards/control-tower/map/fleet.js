/** Where vehicles are shown: on their way from where they were to where they are. */
import { COURSE, ID, LATITUDE, LONGITUDE, OCCURRED_AT, rankOf, SPEED, standingOf } from '../standing.js'
import { toWorld } from './mercator.js'

const GLIDE_MS = 900
/** Farther than this (of the world's width) it was not seen driving: it is there at once. */
const JUMP = 0.002
const MOVING_MPS = 0.5

export function createFleet() {
  const vehicles = new Map()
  let glidesUntil = 0

  return {
    vehicles,
    isGliding: at => at < glidesUntil,

    /** Rows of GET /v1/live; `now` is how late it is for events, `at` for the screen. */
    put(rows, now, at, { still = false } = {}) {
      for (const row of rows) {
        const before = vehicles.get(row[ID])
        if (before && before.occurredAt > row[OCCURRED_AT]) continue
        const to = toWorld(row[LATITUDE], row[LONGITUDE])
        const from = before ? placeOf(before, at) : to
        const leaps = still || Math.hypot(to.x - from.x, to.y - from.y) > JUMP
        const standing = standingOf(row, now)
        vehicles.set(row[ID], {
          ...{ id: row[ID], row, occurredAt: row[OCCURRED_AT], to, from: leaps ? to : from, at },
          ...{ standing, rank: rankOf(standing), isMoving: row[COURSE] !== null && (row[SPEED] ?? 1) > MOVING_MPS },
        })
        glidesUntil = at + GLIDE_MS
      }
    },
    clear: () => vehicles.clear(),

    /** Time makes some of them silent. */
    age(now) {
      for (const vehicle of vehicles.values()) {
        vehicle.standing = standingOf(vehicle.row, now)
        vehicle.rank = rankOf(vehicle.standing)
      }
    },
  }
}

export function placeOf({ from, to, at }, now) {
  const t = Math.min(1, (now - at) / GLIDE_MS)
  return { x: from.x + (to.x - from.x) * t, y: from.y + (to.y - from.y) * t }
}

const CELL_PX = 46
/** So many of one cell are still told apart. */
const APART = 3
const FEW = 60

/** What to draw: vehicles by themselves, the worst last, and where many are in one place how many. */
export function shown(fleet, camera, now) {
  const singles = []
  for (const vehicle of fleet.vehicles.values()) {
    const point = camera.toScreen(placeOf(vehicle, now))
    if (point.x > -20 && point.y > -20 && point.x < camera.width + 20 && point.y < camera.height + 20)
      singles.push({ vehicle, point })
  }
  const byRank = (a, b) => b.vehicle.rank - a.vehicle.rank
  if (singles.length <= FEW) return { singles: singles.sort(byRank), clusters: [] }
  const left = []
  const clusters = []
  // The grid lies on the world, so that panning does not shuffle it.
  const cell = CELL_PX / camera.scale()
  const cells = Map.groupBy(singles, ({ vehicle: { to } }) => Math.floor(to.x / cell) * 1e7 + Math.floor(to.y / cell))
  for (const some of cells.values()) {
    if (some.length <= APART) left.push(...some)
    else clusters.push(clusterOf(some))
  }
  return { singles: left.sort(byRank), clusters: clusters.sort((a, b) => a.count - b.count) }
}

function clusterOf(some) {
  const sum = { x: 0, y: 0 }
  const standings = {}
  for (const { vehicle, point } of some) {
    sum.x += point.x
    sum.y += point.y
    standings[vehicle.standing] = (standings[vehicle.standing] ?? 0) + 1
  }
  return { count: some.length, standings, point: { x: sum.x / some.length, y: sum.y / some.length } }
}
