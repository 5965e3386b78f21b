/** The map on the page: its element, and what hands and keys do to it. What is drawn is drawn elsewhere: see painter.js. */
import { createPainter } from './painter.js'

const STEP_PX = 90
const KEYS = {
  ArrowLeft: { type: 'pan', dx: STEP_PX, dy: 0 },
  ArrowRight: { type: 'pan', dx: -STEP_PX, dy: 0 },
  ArrowUp: { type: 'pan', dx: 0, dy: STEP_PX },
  ArrowDown: { type: 'pan', dx: 0, dy: -STEP_PX },
  '+': { type: 'zoom', by: 0.8, ms: 220 },
  '=': { type: 'zoom', by: 0.8, ms: 220 },
  '-': { type: 'zoom', by: -0.8, ms: 220 },
  0: { type: 'home' },
}
const TAP_PX = 6

/** Make a map in an element; `tell` takes the messages of painter.js, `on` is called with what it says. */
export function createMap(host, on) {
  const canvas = document.createElement('canvas')
  canvas.setAttribute('aria-hidden', 'true')
  host.append(canvas)
  const heard = said => {
    if (said.type === 'drawn') host.dataset.vehicles = said.vehicles
    if (said.type === 'hover') canvas.classList.toggle('over', said.isSomething)
    on[said.type]?.(said)
  }
  const tell = canvas.transferControlToOffscreen ? inWorker(canvas, heard) : createPainter(canvas, plainCanvas, heard)

  new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = host
    if (width > 0 && height > 0) tell({ type: 'size', width, height, density: Math.min(2, devicePixelRatio) })
  }).observe(host)
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const still = matchMedia('(prefers-reduced-motion: reduce)')
  const look = () => tell({ type: 'look', dark: dark.matches, still: still.matches })
  dark.addEventListener('change', look)
  still.addEventListener('change', look)
  look()
  void fetch('/assets/base-map.json')
    .then(answer => answer.json())
    .then(data => tell({ type: 'base', data }))
  hands(canvas, tell)
  host.addEventListener('keydown', event => {
    const message = KEYS[event.key]
    if (!message || event.target !== host || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    tell(message)
  })
  return tell
}

function inWorker(canvas, heard) {
  const worker = new Worker('/assets/map/worker.js', { type: 'module' })
  const offscreen = canvas.transferControlToOffscreen()
  worker.addEventListener('message', ({ data }) => heard(data))
  worker.postMessage({ type: 'canvas', canvas: offscreen }, [offscreen])
  return message => worker.postMessage(message)
}

const plainCanvas = (width, height) => Object.assign(document.createElement('canvas'), { width, height })

/** One finger or the mouse drags, two fingers and the wheel zoom, a tap picks. */
function hands(canvas, tell) {
  const down = new Map()
  let travelled = 0
  const at = event => ({ x: event.offsetX, y: event.offsetY })
  const spread = () => {
    const [a, b] = [...down.values()]
    return { apart: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }
  }
  canvas.addEventListener('pointerdown', event => {
    if (event.button !== 0) return
    canvas.setPointerCapture(event.pointerId)
    if (down.size === 0) travelled = 0
    down.set(event.pointerId, at(event))
  })
  canvas.addEventListener('pointermove', event => {
    const before = down.get(event.pointerId)
    if (!before) return event.pointerType === 'mouse' && tell({ type: 'hover', ...at(event) })
    const now = at(event)
    const was = down.size === 2 ? spread() : undefined
    down.set(event.pointerId, now)
    travelled += Math.hypot(now.x - before.x, now.y - before.y)
    if (was) {
      const is = spread()
      tell({ type: 'pan', dx: is.x - was.x, dy: is.y - was.y })
      if (was.apart > 0 && is.apart > 0) tell({ type: 'zoom', x: is.x, y: is.y, by: Math.log2(is.apart / was.apart) })
    } else if (travelled > TAP_PX) tell({ type: 'pan', dx: now.x - before.x, dy: now.y - before.y })
  })
  const up = event => {
    if (!down.delete(event.pointerId)) return
    if (event.type === 'pointerup' && down.size === 0 && travelled <= TAP_PX) tell({ type: 'pick', ...at(event) })
  }
  canvas.addEventListener('pointerup', up)
  canvas.addEventListener('pointercancel', up)
  canvas.addEventListener('pointerleave', () => tell({ type: 'hover' }))
  canvas.addEventListener(
    'wheel',
    event => {
      event.preventDefault()
      const lines = event.deltaMode === 1 ? 20 : 1
      tell({ type: 'zoom', ...at(event), by: Math.max(-1, Math.min(1, (-event.deltaY * lines) / 260)) })
    },
    { passive: false },
  )
}
