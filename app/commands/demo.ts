import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createToken, listTokens, revokeToken } from '../../ingest/tokens.ts'
import { urlOf } from '../../sinks/clickhouse/gateway/spawn.ts'
import { pause } from '../../streams/together.ts'
import { drive } from '../../tools/simulate/drive.ts'
import { DEMO_PARTNERS, DEMO_SECRET, DEMO_WORLD, loadConfig } from '../config.ts'
import { openDemoOdoo } from '../demo-odoo.ts'
import { stopSignal } from '../stop-signal.ts'
import { tokensFile } from '../tokens-file.ts'
import { type Command, UsageError } from './command.ts'

const NAME = 'demo'
const VEHICLES = 120
/** What has been driven when it begins: long enough that trucks are everywhere on their ways. */
const HISTORY_MS = 10 * 3_600_000
/** A world that stood still for longer is left, and another one begins. */
const MOST_ASLEEP_MS = 24 * 3_600_000
/** A world that is older takes too long to be made again. */
const MOST_AGE_MS = 5 * 24 * 3_600_000
const KEEP_EVERY_MS = 10_000
/** What is under way may have to be sent again. */
const OVERLAP_MS = 120_000
/** The server may take its time to start. */
const PATIENCE_MS = 600_000

interface World {
  readonly seed: string
  readonly startAt: number
  readonly sentUntil?: number
}

export const demo: Command = {
  usage: `milepost demo

Run by "milepost start" unless --no-demo, or an Odoo is configured: ${VEHICLES} trucks between European cities, their plans
and their carriers, under way for some hours already, and a stand-in of the Odoo that their orders come from and their cases
go to. Started again within a day it goes on where it was.`,
  async run() {
    const secret = process.env[DEMO_SECRET]
    if (secret === undefined) throw new UsageError('the demo is started by "milepost start"')
    const config = loadConfig(process.env)
    const path = tokensFile(config)
    const signal = stopSignal()
    // First of all: others ask it already.
    const odoo = await openDemoOdoo(config)
    // Whoever starts first is shown the first token; that is not the demo.
    while (!existsSync(path) && !signal.aborted) await pause(100, signal)
    if (signal.aborted) return 0
    const created = await createToken(path, 'ingest', NAME)
    for (const token of listTokens(path))
      if (token.name === NAME && token.id !== created.id) await revokeToken(path, token.id)
    const file = join(config.data, DEMO_WORLD)
    const world = worldIn(file, Date.now())
    let keptAt = 0
    try {
      await drive({
        ...world,
        vehicles: VEHICLES,
        fixEverySeconds: 45,
        uploadEverySeconds: 45,
        partners: DEMO_PARTNERS,
        office: odoo.office,
        target: {
          url: urlOf(config.bind, config.httpPort),
          token: created.token,
          secrets: Object.fromEntries(DEMO_PARTNERS.map(name => [name, secret])),
        },
        giveUpAfterMs: PATIENCE_MS,
        signal,
        onProgress: (_, reached) => {
          if (Date.now() - keptAt < KEEP_EVERY_MS || reached <= world.startAt) return
          keptAt = Date.now()
          keep(file, { ...world, sentUntil: Math.max(world.sentUntil ?? 0, reached - OVERLAP_MS) })
        },
      })
    } finally {
      await odoo.close()
      await revokeToken(path, created.id)
    }
    return 0
  },
}

/** The world that was shown last, or another one: two never mix under the same names. */
function worldIn(file: string, now: number): World {
  if (existsSync(file)) {
    const world = JSON.parse(readFileSync(file, 'utf8')) as Partial<World>
    const { seed, startAt, sentUntil } = world
    const fresh = sentUntil !== undefined && now - sentUntil < MOST_ASLEEP_MS && sentUntil <= now
    if (seed !== undefined && startAt !== undefined && fresh && now - startAt < MOST_AGE_MS)
      return { seed, startAt, sentUntil }
  }
  return { seed: Math.floor(now / 1_000).toString(36), startAt: now - HISTORY_MS }
}

function keep(file: string, world: World): void {
  writeFileSync(`${file}.new`, JSON.stringify(world))
  renameSync(`${file}.new`, file)
}
