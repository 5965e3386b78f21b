import { existsSync } from 'node:fs'
import { createToken, listTokens, revokeToken } from '../../ingest/tokens.ts'
import { liveFleet } from '../../tools/feeder/fleet.ts'
import { send } from '../../tools/feeder/send.ts'
import { urlOf } from '../../sinks/clickhouse/gateway/spawn.ts'
import { pause } from '../../streams/together.ts'
import { DEMO_PARTNER, DEMO_SECRET, loadConfig } from '../config.ts'
import { stopSignal } from '../stop-signal.ts'
import { tokensFile } from '../tokens-file.ts'
import { type Command, UsageError } from './command.ts'

const NAME = 'demo'
/** Trips and stops this many times shorter than in life, so that something happens while one looks. */
const TEMPO = 6
/** The server may take its time to start. */
const PATIENCE_MS = 600_000

export const demo: Command = {
  usage: `milepost demo

Run by "milepost start" unless --no-demo: some 20 vehicles between European cities, their plans and their carrier.`,
  async run() {
    const secret = process.env[DEMO_SECRET]
    if (secret === undefined) throw new UsageError('the demo is started by "milepost start"')
    const config = loadConfig(process.env)
    const path = tokensFile(config)
    const signal = stopSignal()
    // Whoever starts first is shown the first token; that is not the demo.
    while (!existsSync(path) && !signal.aborted) await pause(100, signal)
    if (signal.aborted) return 0
    const created = await createToken(path, 'ingest', NAME)
    for (const token of listTokens(path))
      if (token.name === NAME && token.id !== created.id) await revokeToken(path, token.id)
    try {
      await send(
        liveFleet({ vehicles: 20, tempo: TEMPO, partners: [DEMO_PARTNER], signal }),
        { url: urlOf(config.bind, config.httpPort), token: created.token, secrets: { [DEMO_PARTNER]: secret } },
        { atOnce: true, giveUpAfterMs: PATIENCE_MS, signal },
      )
    } finally {
      await revokeToken(path, created.id)
    }
    return 0
  },
}
