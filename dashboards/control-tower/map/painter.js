/**
 * The map, as it runs in a worker, or on the page's own thread where a worker can't draw: it is told what there is and what
 * the person does, and says what was pointed at.
 */
import { ID, NEXT } from '../standing.js'
import { drawLand, drawNames, readBaseMap } from './base-map.js'
import { createCamera } from './camera.js'
import { clusterRadius, createSprites, drawClusters, drawPill, drawRoute, drawVehicles } from './draw.js'
import { createFleet, placeOf, shown } from './fleet.js'
import { toWorld } from './mercator.js'
import { DARK, LIGHT } from './palette.js'

/** Vehicles that glide are drawn so often, few of them and many; what a person moves, as often as the screen. */
const GLIDE_EVERY_MS = { few: 33, many: 100 }
const MANY = 300
const NEAR_PX = 16
const AROUND_PX = 56

export function createPainter(canvas, makeCanvas, say) {
  const context = canvas.getContext('2d', { alpha: false })
  const layer = makeCanvas(1, 1)
  const layerContext = layer.getContext('2d', { alpha: false })
  const camera = createCamera()
  const fleet = createFleet()
  const spritesFor = createSprites(makeCanvas)
  let base
  let density = 1
  let colours = LIGHT
  let still = false
  let selected = { vehicle: undefined, label: [], route: undefined }
  let hovered
  let isHome = true
  let hasShown = false
  let onScreen = { singles: [], clusters: [] }
  let layerOf = ''
  let asked
  let drawnAt = 0

  const wake = () => {
    asked ??= requestAnimationFrame(at => {
      asked = undefined
      frame(at)
    })
  }

  function frame(now) {
    const glides = camera.step(now)
    const key = [
      camera.x,
      camera.y,
      camera.zoom,
      camera.width,
      camera.height,
      density,
      colours.land,
      base !== undefined,
    ].join()
    const onlyVehicles = !glides && key === layerOf && hasShown
    if (
      onlyVehicles &&
      now - drawnAt < GLIDE_EVERY_MS[fleet.vehicles.size > MANY ? 'many' : 'few'] &&
      fleet.isGliding(now)
    )
      return wake()
    drawnAt = now
    if (key !== layerOf) drawLayer(key)
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.drawImage(layer, 0, 0)
    context.setTransform(density, 0, 0, density, 0, 0)
    onScreen = shown(fleet, camera, now)
    const chosen = fleet.vehicles.get(selected.vehicle)
    const chosenAt = chosen && camera.toScreen(placeOf(chosen, now))
    if (selected.route) drawRoute(context, selected.route, chosenAt, camera, colours)
    drawClusters(context, onScreen.clusters, colours)
    const one = chosen ? [{ vehicle: chosen, point: chosenAt }] : []
    const others = onScreen.singles.filter(({ vehicle }) => vehicle !== chosen)
    drawVehicles(context, [...others, ...one], spritesFor(colours, density), density)
    words(chosen, chosenAt, now)
    hasShown = true
    if (glides || fleet.isGliding(now)) wake()
    say({ type: 'drawn', vehicles: fleet.vehicles.size, moving: glides })
  }

  function drawLayer(key) {
    layer.width = canvas.width
    layer.height = canvas.height
    layerOf = key
    if (base) {
      drawLand(layerContext, base, camera, colours, density)
      drawNames(layerContext, base, camera, colours)
    } else {
      layerContext.fillStyle = colours.water
      layerContext.fillRect(0, 0, layer.width, layer.height)
    }
  }

  function words(chosen, chosenAt, now) {
    const isSeen = chosen && chosenAt.x > 0 && chosenAt.y > 0 && chosenAt.x < camera.width && chosenAt.y < camera.height
    if (isSeen) drawPill(context, selected.label.length > 0 ? selected.label : [chosen.id], chosenAt, camera, colours)
    const under = hovered !== selected.vehicle && fleet.vehicles.get(hovered)
    if (!under) return
    const place = under.row[NEXT]?.[0]
    drawPill(context, [under.id, place && `→ ${place}`], camera.toScreen(placeOf(under, now)), camera, colours)
  }

  function under({ x, y }) {
    const away = point => Math.hypot(point.x - x, point.y - y)
    const cluster = onScreen.clusters.findLast(({ point, count }) => away(point) <= clusterRadius(count) + 2)
    const [nearest] = onScreen.singles
      .filter(({ point }) => away(point) <= NEAR_PX)
      .sort((a, b) => away(a.point) - away(b.point))
    return { cluster: nearest ? undefined : cluster, vehicle: nearest?.vehicle.id }
  }

  const home = ms => {
    isHome = true
    const all = [...fleet.vehicles.values()].map(({ to }) => to)
    camera.fit(all, AROUND_PX, performance.now(), { ms, most: 7.5 })
  }

  const on = {
    size({ width, height, density: now }) {
      density = now
      canvas.width = Math.round(width * density)
      canvas.height = Math.round(height * density)
      camera.resize(width, height)
      if (isHome) home(0)
    },
    look({ dark, still: unmoved }) {
      colours = dark ? DARK : LIGHT
      still = unmoved
    },
    base({ data }) {
      base = readBaseMap(data)
    },
    vehicles({ rows, now, all }) {
      const first = fleet.vehicles.size === 0
      if (all) fleet.clear()
      fleet.put(rows, now, performance.now(), { still })
      if (first) home(0)
    },
    age: ({ now }) => fleet.age(now),
    select({ vehicle, label, route, show }) {
      selected = { vehicle, label, route }
      if (!show) return
      const stops = (route?.stops ?? []).map(({ at }) => toWorld(...at))
      const chosen = fleet.vehicles.get(vehicle)
      isHome = false
      camera.fit([...stops, ...(chosen ? [chosen.to] : [])], AROUND_PX + 20, performance.now(), { most: 8 })
    },
    pan({ dx, dy }) {
      isHome = false
      camera.panBy(dx, dy)
    },
    zoom({ x = camera.width / 2, y = camera.height / 2, by, ms = 0 }) {
      isHome = false
      camera.zoomAt({ x, y }, by, performance.now(), still ? 0 : ms)
    },
    home: () => home(still ? 0 : undefined),
    hover(point) {
      const { vehicle, cluster } = point.x === undefined ? {} : under(point)
      if (hovered === vehicle && !cluster) return
      hovered = vehicle
      say({ type: 'hover', vehicle, isSomething: vehicle !== undefined || cluster !== undefined })
    },
    pick(point) {
      const { vehicle, cluster } = under(point)
      if (cluster) on.zoom({ ...cluster.point, by: 1.5, ms: 350 })
      else say({ type: 'pick', vehicle })
    },
  }
  return message => {
    on[message.type](message)
    wake()
  }
}
