/**
 * How many cases a catch-up raises and takes back: ten hours of the simulated world are fed to a live Milepost at once,
 * before its processors start or while they run: `node tools/simulate/catch-up.ts [--vehicles N --seed N --while-running]`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { pipelineHealth } from '../../app/pipeline-health.ts'
import { processors } from '../../app/pipeline.ts'
import { readAll } from '../../app/read-topic.ts'
import type { Case } from '../../schemas/generated/events.ts'
import { cases } from '../../schemas/topics.ts'
import { Installation } from '../chaos/installation.ts'
import { drive } from './drive.ts'

const PARTNERS = ['northline', 'rhone-express', 'vistula-cargo', 'iberia-road']
const PAST_MS = 10 * 3_600_000
/** Live a case is said a second or two after what it rests on. */
const QUIET_MS = 6_000

const { values } = parseArgs({
  options: {
    vehicles: { type: 'string', default: '120' },
    seed: { type: 'string', default: '1' },
    'while-running': { type: 'boolean', default: false },
  },
})
const CONCLUDES = new Set(processors.map(({ name }) => name))

async function caughtUp(at: Installation): Promise<void> {
  const { log } = await at.open()
  try {
    for (let since = performance.now(); performance.now() - since < QUIET_MS;) {
      await pause(100)
      const { hops } = await pipelineHealth(log)
      if (hops.some(({ hop, lag }) => CONCLUDES.has(hop) && lag > 0)) since = performance.now()
    }
  } finally {
    await log.close()
  }
}

/** By kind: cases that were told, those that were taken back, and how often either was said. */
async function toldIn(at: Installation): Promise<Map<string, { cases: number; takenBack: number; words: number }>> {
  const opened = await at.open()
  try {
    const byCase = new Map<string, Case[]>()
    for await (const { event } of readAll(opened, cases))
      byCase.set(event.value.caseId, [...(byCase.get(event.value.caseId) ?? []), event.value])
    const byKind = new Map<string, { cases: number; takenBack: number; words: number }>()
    for (const said of byCase.values()) {
      const kind = said[0]?.kind ?? ''
      const sum = byKind.get(kind) ?? { cases: 0, takenBack: 0, words: 0 }
      const takenBack = sum.takenBack + (said.some(({ retracted }) => retracted) ? 1 : 0)
      byKind.set(kind, { cases: sum.cases + 1, takenBack, words: sum.words + said.length })
    }
    return byKind
  } finally {
    await opened.log.close()
  }
}

const root = mkdtempSync(join(process.env['MILEPOST_BENCH_DIR'] ?? tmpdir(), 'milepost-catch-up-'))
const env = { MILEPOST_LOG_LEVEL: 'warn', MILEPOST_TIME: 'live' }
const installation = await Installation.make({ root, partners: PARTNERS, env })
const ingest = installation.start('ingest')
let running = values['while-running'] ? installation.start('processors') : undefined
try {
  await installation.ready(ingest)
  const began = Date.now()
  const present = new AbortController()
  const sent = await drive({
    ...{ seed: values.seed, vehicles: Number(values.vehicles), partners: PARTNERS, startAt: began - PAST_MS },
    target: { url: installation.url, token: await installation.token(), secrets: installation.secrets },
    signal: present.signal,
    onProgress: (_, reached) => {
      if (reached >= began) present.abort()
    },
  })
  running ??= installation.start('processors')
  const from = performance.now()
  await caughtUp(installation)
  const tookSeconds = (performance.now() - from - QUIET_MS) / 1_000
  process.stdout.write(
    `${sent.positions} positions, ${sent.plans} plans, caught up after ${tookSeconds.toFixed(1)} s\n`,
  )
  process.stdout.write('kind                    cases taken back words\n')
  for (const [kind, sum] of [...(await toldIn(installation))].sort())
    process.stdout.write(
      `${kind.padEnd(22)} ${[sum.cases, sum.takenBack, sum.words].map(n => String(n).padStart(6)).join(' ')}\n`,
    )
} finally {
  await Promise.all([ingest.stop(), running?.stop()])
  rmSync(root, { recursive: true, force: true })
}
