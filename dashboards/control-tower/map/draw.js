/** What lies on the map: routes, vehicles, how many of them, and words. */
import { COURSE, STANDINGS } from '../standing.js'
import { toWorld } from './mercator.js'

const SPRITE_PX = 30

/** An arrow for what moves and a dot for what stands, drawn once for each colour. */
export function createSprites(makeCanvas) {
  let made = new Map()
  let of
  return (colours, density) => {
    const key = `${colours.land} ${density}`
    if (of !== key) {
      of = key
      made = new Map()
      for (const [standing] of STANDINGS)
        for (const isMoving of [true, false])
          made.set(`${standing} ${isMoving}`, sprite(makeCanvas, colours, standing, isMoving, density))
    }
    return made
  }
}

function sprite(makeCanvas, colours, standing, isMoving, density) {
  const size = SPRITE_PX * density
  const canvas = makeCanvas(size, size)
  const context = canvas.getContext('2d')
  context.setTransform(density, 0, 0, density, size / 2, size / 2)
  if (standing === 'bad') {
    context.fillStyle = colours.ring
    context.beginPath()
    context.arc(0, 0, 14, 0, 7)
    context.fill()
  }
  context.beginPath()
  if (isMoving) {
    context.moveTo(0, -10)
    context.lineTo(7, 8)
    context.lineTo(0, 4.5)
    context.lineTo(-7, 8)
    context.closePath()
  } else context.arc(0, 0, standing === 'idle' ? 4.5 : 6, 0, 7)
  context.lineJoin = 'round'
  context.lineWidth = 4
  context.strokeStyle = colours.edge
  context.stroke()
  context.fillStyle = colours[standing]
  context.fill()
  return canvas
}

export function drawVehicles(context, singles, sprites, density) {
  const half = SPRITE_PX / 2
  for (const { vehicle, point } of singles) {
    const turn = vehicle.isMoving ? (vehicle.row[COURSE] * Math.PI) / 180 : 0
    const [cos, sin] = [Math.cos(turn) * density, Math.sin(turn) * density]
    context.setTransform(cos, sin, -sin, cos, point.x * density, point.y * density)
    context.drawImage(sprites.get(`${vehicle.standing} ${vehicle.isMoving}`), -half, -half, SPRITE_PX, SPRITE_PX)
  }
  context.setTransform(density, 0, 0, density, 0, 0)
}

export const clusterRadius = count => Math.min(26, 11 + 3.2 * Math.log10(count) * 1.6)

/** A disc with the number, and around it how they stand. */
export function drawClusters(context, clusters, colours) {
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  for (const { count, standings, point } of clusters) {
    const radius = clusterRadius(count)
    context.fillStyle = colours.pill
    context.beginPath()
    context.arc(point.x, point.y, radius, 0, 7)
    context.fill()
    context.lineWidth = 4
    let from = -Math.PI / 2
    for (const [standing] of STANDINGS) {
      if (!standings[standing]) continue
      const until = from + (standings[standing] / count) * 2 * Math.PI
      context.strokeStyle = colours[standing]
      context.beginPath()
      context.arc(point.x, point.y, radius, from, until)
      context.stroke()
      from = until
    }
    context.fillStyle = colours.ink
    context.font = '600 11px system-ui, sans-serif'
    context.fillText(count > 9_999 ? `${Math.round(count / 1_000)}k` : String(count), point.x, point.y + 0.5)
  }
}

const screenOf = (camera, [latitude, longitude]) => camera.toScreen(toWorld(latitude, longitude))

/** Stops in order, the way so far, and where from there. */
export function drawRoute(context, { stops, track }, vehiclePoint, camera, colours) {
  const line = (points, dash, alpha) => {
    context.setLineDash(dash)
    context.globalAlpha = alpha
    context.beginPath()
    for (const { x, y } of points) context.lineTo(x, y)
    context.stroke()
    context.setLineDash([])
    context.globalAlpha = 1
  }
  context.strokeStyle = colours.route
  context.lineJoin = context.lineCap = 'round'
  context.lineWidth = 2
  const at = stops.map(stop => screenOf(camera, stop.at))
  const ahead = at.filter((_, i) => !stops[i].reached)
  line(at.slice(0, at.length - ahead.length + 1), [2, 6], 0.5)
  if (ahead.length > 0) line(vehiclePoint ? [vehiclePoint, ...ahead] : ahead, [7, 6], 0.9)
  if (track.length > 0) {
    context.lineWidth = 3.5
    const behind = track.map(point => screenOf(camera, point))
    line(vehiclePoint ? [...behind, vehiclePoint] : behind, [], 0.9)
  }
  for (const [i, point] of at.entries()) {
    context.fillStyle = stops[i].reached ? colours.route : colours.pill
    context.lineWidth = 3
    context.beginPath()
    context.arc(point.x, point.y, 6, 0, 7)
    context.fill()
    context.stroke()
  }
  const isSeen = ({ x, y }) => x > 0 && y > 0 && x < camera.width && y < camera.height
  for (const [i, point] of at.entries())
    if (isSeen(point)) drawPill(context, [stops[i].name], point, camera, colours, { below: true })
}

/** Lines of words beside a point; the first is the heading. */
export function drawPill(context, words, { x, y }, view, colours, { below = false } = {}) {
  const lines = words.filter(Boolean)
  const font = i => `${i === 0 ? 600 : 400} 12px system-ui, sans-serif`
  const width =
    16 +
    Math.max(
      ...lines.map((text, i) => {
        context.font = font(i)
        return context.measureText(text).width
      }),
    )
  const height = 8 + 16 * lines.length
  const inside = (at, size, most) => Math.max(4, Math.min(most - size - 4, at))
  const left = inside(x - width / 2, width, view.width)
  const top = inside(below ? y + 11 : y - height - 15, height, view.height)
  context.fillStyle = colours.pill
  context.shadowColor = 'rgba(0,0,0,0.25)'
  context.shadowBlur = 6
  context.beginPath()
  context.roundRect(left, top, width, height, 6)
  context.fill()
  context.shadowBlur = 0
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  context.fillStyle = colours.ink
  for (const [i, text] of lines.entries()) {
    context.font = font(i)
    context.fillText(text, left + 8, top + 12.5 + 16 * i)
  }
}
