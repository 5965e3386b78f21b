/** Land, borders and names, drawn onto a layer of their own whenever the camera has moved. See tools/base-map.ts. */

/** Of the shapes, made once: a path and a box for each country, in the world's own measure. */
export function readBaseMap({ grid, lines, countries, cities }) {
  const points = lines.map(line => {
    const flat = new Float64Array(line.length)
    for (let i = 0, x = 0, y = 0; i < line.length; i += 2) {
      flat[i] = (x += line[i]) / grid
      flat[i + 1] = (y += line[i + 1]) / grid
    }
    return flat
  })
  return {
    countries: countries.map(({ name, at, size, rings }) => ({
      name,
      at: { x: at[0] / grid, y: at[1] / grid },
      size: size / grid,
      rings: rings.map(ring => ringOf(ring, points)),
    })),
    cities: cities.map(([name, x, y, thousands]) => ({ name, x: x / grid, y: y / grid, thousands })),
  }
}

function ringOf(ring, points) {
  const path = new Path2D()
  const box = { west: 1, east: 0, north: 1, south: 0 }
  let first = true
  for (const index of ring) {
    const flat = points[index < 0 ? ~index : index]
    for (let i = 0; i < flat.length; i += 2) {
      const at = index < 0 ? flat.length - 2 - i : i
      const [x, y] = [flat[at], flat[at + 1]]
      if (first) path.moveTo(x, y)
      else if (i > 0) path.lineTo(x, y)
      first = false
      box.west = Math.min(box.west, x)
      box.east = Math.max(box.east, x)
      box.north = Math.min(box.north, y)
      box.south = Math.max(box.south, y)
    }
  }
  path.closePath()
  return { path, box }
}

export function drawLand(context, map, camera, colours, density) {
  const { width, height } = camera
  const scale = camera.scale()
  const corner = camera.toWorld({ x: 0, y: 0 })
  const end = camera.toWorld({ x: width, y: height })
  context.setTransform(density, 0, 0, density, 0, 0)
  context.fillStyle = colours.water
  context.fillRect(0, 0, width, height)
  const k = scale * density
  context.setTransform(k, 0, 0, k, -corner.x * k, -corner.y * k)
  const pixel = 1 / scale
  const seen = ({ box }) =>
    box.east > corner.x &&
    box.west < end.x &&
    box.south > corner.y &&
    box.north < end.y &&
    Math.max(box.east - box.west, box.south - box.north) > 1.5 * pixel
  const rings = map.countries.flatMap(country => country.rings.filter(seen))
  context.lineJoin = 'round'
  context.fillStyle = colours.land
  for (const { path } of rings) context.fill(path)
  context.strokeStyle = colours.border
  context.lineWidth = 0.9 * pixel
  for (const { path } of rings) context.stroke(path)
  context.setTransform(density, 0, 0, density, 0, 0)
}

/** From which zoom on a town of so many thousands is named. */
const shownFrom = thousands =>
  thousands > 2_500 ? 3 : thousands > 900 ? 4.2 : thousands > 400 ? 5 : thousands > 180 ? 5.9 : 6.8

/** Names where there is room for them: the larger the place, the sooner. */
export function drawNames(context, map, camera, colours) {
  const taken = []
  const isFree = (x, y, width, height) => {
    if (x < 2 || y < 2 || x + width > camera.width - 2 || y + height > camera.height - 2) return false
    return !taken.some(
      box => x < box.x + box.width && box.x < x + width && y < box.y + box.height && box.y < y + height,
    )
  }
  const take = (x, y, width, height) => taken.push({ x, y, width, height })
  const write = (text, x, y, colour) => {
    context.lineWidth = 3
    context.strokeStyle = colours.land
    context.strokeText(text, x, y)
    context.fillStyle = colour
    context.fillText(text, x, y)
  }
  context.lineJoin = 'round'
  context.textBaseline = 'middle'

  context.textAlign = 'center'
  context.letterSpacing = '0.14em'
  for (const { name, at, size } of map.countries) {
    const wide = size * camera.scale()
    if (wide < 70 || camera.zoom > 7.5) continue
    context.font = `600 ${Math.min(14, 9 + wide / 120)}px system-ui, sans-serif`
    const text = name.toUpperCase()
    const width = context.measureText(text).width
    const middle = camera.toScreen(at)
    if (width > wide * 1.3 || !isFree(middle.x - width / 2, middle.y - 8, width, 16)) continue
    take(middle.x - width / 2, middle.y - 8, width, 16)
    write(text, middle.x, middle.y, colours.country)
  }
  context.letterSpacing = '0px'

  const seen = point => point.x > -50 && point.y > -20 && point.x < camera.width + 50 && point.y < camera.height + 20
  context.textAlign = 'left'
  context.font = '500 11px system-ui, sans-serif'
  for (const city of map.cities) {
    if (camera.zoom < shownFrom(city.thousands)) break
    const at = camera.toScreen(city)
    if (!seen(at)) continue
    const width = context.measureText(city.name).width
    if (!isFree(at.x - 3, at.y - 7, width + 12, 14)) continue
    take(at.x - 10, at.y - 12, width + 26, 24)
    context.fillStyle = colours.town
    context.beginPath()
    context.arc(at.x, at.y, 1.8, 0, 7)
    context.fill()
    write(city.name, at.x + 6, at.y, colours.town)
  }
}
