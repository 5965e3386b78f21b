/** Positions for load, without truth: request bodies made by writing digits into a copy of a template. */
import { SECOND } from './delivery.ts'
import type { ReadyPositions } from './send.ts'

export interface LoadOptions {
  readonly vehicles: number
  /** How many positions in all; a vehicle has `positions / vehicles` of them, one every `fixEverySeconds`. */
  readonly positions: number
  /** When the last of them are taken. */
  readonly endAt: number
  readonly perRequest?: number
  readonly fixEverySeconds?: number
  readonly format?: 'array' | 'ndjson'
  /** Begins the vehicleIds, so that loads can be told apart. */
  readonly prefix?: string
}

const TIME = '2026-01-01T00:00:00.000Z'
/** Ten-millionths of a degree a second, some 20 m/s to the north. */
const SPEED = 1_800

/**
 * Fix n is the (n / vehicles)th of vehicle n % vehicles, so time goes on for the whole fleet at once. Each vehicle
 * goes north for two hours and back south, never faster than 20 m/s. The same options give the same bytes.
 */
export function* positionsLoad({
  vehicles,
  positions,
  endAt,
  perRequest = 1_000,
  fixEverySeconds = 30,
  format = 'array',
  prefix = 'load',
}: LoadOptions): Generator<ReadyPositions> {
  if (!(vehicles > 0 && vehicles <= 1e7 && perRequest > 0)) throw new RangeError('vehicles must be 1–10,000,000')
  const [open, between, close] = format === 'array' ? ['[', ',', ']'] : ['', '\n', '']
  const fields = [
    [`{"vehicleId":"${prefix}-`, 7],
    ['","occurredAt":"', TIME.length],
    ['","latitude":', 10],
    [',"longitude":', 10],
    [',"speedMps":20,"courseDeg":', 3],
  ] as const
  const slot = `${fields.map(([text, digits]) => text + '0'.repeat(digits)).join('')},"accuracyM":8}${between}`
  const width = slot.length
  const offsets = fields.map(([text], i) => {
    const before = fields.slice(0, i).reduce((sum, [earlier, digits]) => sum + earlier.length + digits, open.length)
    return before + text.length
  }) as [number, number, number, number, number]
  const template = Buffer.from(open + slot.repeat(perRequest), 'latin1')

  const rounds = Math.ceil(positions / vehicles)
  const startAt = Math.floor(endAt / SECOND) * SECOND - (rounds - 1) * fixEverySeconds * SECOND
  let time = ''
  let timeOf = -1
  for (let n = 0; n < positions;) {
    const count = Math.min(perRequest, positions - n)
    const body = Buffer.allocUnsafe(open.length + count * width - between.length + close.length)
    template.copy(body, 0, 0, body.length)
    for (let i = 0; i < count; i++, n++) {
      const vehicle = n % vehicles
      const round = (n - vehicle) / vehicles
      const at = i * width
      if (round !== timeOf) {
        time = new Date(startAt + round * fixEverySeconds * SECOND).toISOString()
        timeOf = round
      }
      const leg = 7_200
      const driven = (round * fixEverySeconds + vehicle * 7) % (2 * leg)
      const north = driven < leg ? driven : 2 * leg - driven
      digits(body, offsets[0] + at, 7, vehicle)
      body.write(time, offsets[1] + at, 'latin1')
      degrees(body, offsets[2] + at, 440_000_000 + ((vehicle * 7_919) % 90_000_000) + north * SPEED)
      degrees(body, offsets[3] + at, 100_000_000 + ((vehicle * 104_729) % 120_000_000))
      digits(body, offsets[4] + at, 3, driven < leg ? 359 : 180)
    }
    if (close) body[body.length - 1] = close.charCodeAt(0)
    yield { kind: 'ready', body, positions: count }
  }
}

function digits(into: Buffer, at: number, count: number, value: number): void {
  for (let i = at + count - 1; i >= at; i--) {
    const rest = (value / 10) | 0
    into[i] = 48 + value - rest * 10
    value = rest
  }
}

/** Ten characters, dd.ddddddd, of ten-millionths of a degree between 10 and 100 degrees. */
function degrees(into: Buffer, at: number, value: number): void {
  digits(into, at + 3, 7, value % 10_000_000)
  digits(into, at, 2, (value / 10_000_000) | 0)
  into[at + 2] = 46
}
