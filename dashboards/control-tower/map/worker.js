import { createPainter } from './painter.js'

let tell
addEventListener('message', ({ data }) => {
  if (data.type === 'canvas')
    tell = createPainter(
      data.canvas,
      (width, height) => new OffscreenCanvas(width, height),
      said => postMessage(said),
    )
  else tell(data)
})
