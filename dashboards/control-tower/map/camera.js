/** What of the world is seen: its middle, how many CSS pixels the world is wide (as a power of two), and the size of the view. */

const TILE = 256
const MOST = 13
const GLIDE_MS = 450

export function createCamera() {
  const camera = { x: 0.53, y: 0.33, zoom: 4, width: 1, height: 1 }
  let glide

  const scale = () => TILE * 2 ** camera.zoom
  /** Never less than what fills the view: beyond the world there is nothing. */
  const least = () => Math.log2(Math.max(camera.width, camera.height * 0.8) / TILE)
  const keep = () => {
    camera.zoom = Math.max(least(), Math.min(MOST, camera.zoom))
    const halfY = Math.min(0.5, camera.height / 2 / scale())
    camera.x = Math.max(0, Math.min(1, camera.x))
    camera.y = Math.max(halfY, Math.min(1 - halfY, camera.y))
  }
  const start = (to, ms, now) => {
    const from = { x: camera.x, y: camera.y, zoom: camera.zoom }
    glide = ms > 0 ? { from, to: { ...from, ...to }, at: now, ms } : undefined
    if (ms <= 0) {
      Object.assign(camera, to)
      keep()
    }
  }

  return Object.assign(camera, {
    scale,
    toScreen: ({ x, y }) => ({
      x: (x - camera.x) * scale() + camera.width / 2,
      y: (y - camera.y) * scale() + camera.height / 2,
    }),
    toWorld: ({ x, y }) => ({
      x: camera.x + (x - camera.width / 2) / scale(),
      y: camera.y + (y - camera.height / 2) / scale(),
    }),
    resize(width, height) {
      Object.assign(camera, { width, height })
      keep()
    },
    panBy(dx, dy) {
      glide = undefined
      camera.x -= dx / scale()
      camera.y -= dy / scale()
      keep()
    },
    /** What is at this point stays there. */
    zoomAt(point, by, now, ms = 0) {
      const fixed = camera.toWorld(point)
      const zoom = Math.max(least(), Math.min(MOST, (glide?.to.zoom ?? camera.zoom) + by))
      const wide = TILE * 2 ** zoom
      start(
        {
          zoom,
          x: fixed.x - (point.x - camera.width / 2) / wide,
          y: fixed.y - (point.y - camera.height / 2) / wide,
        },
        ms,
        now,
      )
    },
    /** Show all of these points, with so many pixels around. */
    fit(points, around, now, { ms = GLIDE_MS, most = 9 } = {}) {
      if (points.length === 0) return
      const xs = points.map(({ x }) => x)
      const ys = points.map(({ y }) => y)
      const [west, east, north, south] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
      const room = (size, span) => Math.log2(Math.max(50, size - 2 * around) / TILE / Math.max(span, 1e-9))
      const zoom = Math.min(most, room(camera.width, east - west), room(camera.height, south - north))
      start({ x: (west + east) / 2, y: (north + south) / 2, zoom: Math.max(least(), zoom) }, ms, now)
    },
    /** Go on with what is under way; whether anything has moved. */
    step(now) {
      if (!glide) return false
      const { from, to, at, ms } = glide
      const t = Math.min(1, (now - at) / ms)
      const eased = 1 - (1 - t) ** 3
      // Between two zooms what is looked at moves as its pixels do, not as degrees do.
      const zoom = from.zoom + (to.zoom - from.zoom) * eased
      const ratio =
        Math.abs(to.zoom - from.zoom) < 0.01
          ? eased
          : (2 ** -zoom - 2 ** -from.zoom) / (2 ** -to.zoom - 2 ** -from.zoom)
      camera.zoom = zoom
      camera.x = from.x + (to.x - from.x) * ratio
      camera.y = from.y + (to.y - from.y) * ratio
      if (t === 1) glide = undefined
      keep()
      return true
    },
  })
}
