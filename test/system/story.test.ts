/**
 * The story of README.md, as it stands there, told to a real installation: its commands run in bash, one after the
 * other, and what the page shows must come. Only addresses, the token and the moment of its beginning are put in. What
 * only reads is asked again until it comes, because what is durable is not yet concluded.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { Installation } from '../../tools/chaos/installation.ts'
import type { Program } from '../../tools/chaos/program.ts'
import { type Fenced, fencedOf, jsonDiffers, textDiffers } from '../support/fenced.ts'

const PATIENCE_MS = 60_000
const AGAIN_MS = 200
const run = promisify(execFile)

const [setting, ...blocks] = fencedOf('README.md', 'A story, by curl alone')
/** Each command, with what the page shows of its answer. */
const steps = blocks.flatMap((command, i) => {
  if (command.language !== 'bash') return []
  const next = blocks[i + 1]
  return [{ command, shows: next?.language === 'bash' ? undefined : next }]
})

describe('the story of the README', { timeout: 200_000 }, () => {
  let root: string
  let installation: Installation
  let program: Program
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'milepost-story-'))
    installation = await Installation.make({ root, env: { MILEPOST_TIME: 'live' } })
    program = installation.start('all')
    await installation.ready(program)
  })
  after(async () => {
    await program.stop()
    await rm(root, { recursive: true, force: true })
  })

  /** What the program shows a person who starts it for the first time. */
  const announced = async (what: RegExp): Promise<string> => {
    for (const until = performance.now() + PATIENCE_MS; performance.now() < until;) {
      const [, found] = what.exec(program.stdout) ?? []
      if (found !== undefined) return found
      await new Promise(resolve => setTimeout(resolve, AGAIN_MS))
    }
    return assert.fail(`not announced: ${what.source}\n${program.stdout}\n${program.stderr}`)
  }

  /** One moment for the whole story, as in the shell of one who reads it. */
  const now = String(Math.floor(Date.now() / 1_000))
  const bash = async (script: string): Promise<string> => {
    const base = await announced(/ready at (\S+)/)
    const token = await announced(/admin token +(mp_\S+)/)
    const clickhouse = `http://127.0.0.1:${installation.clickhousePort}`
    const settings = (setting?.text ?? '')
      .replace(/^BASE=\S+ CLICKHOUSE=\S+$/m, `BASE=${base} CLICKHOUSE=${clickhouse}`)
      .replace(/^TOKEN=.*$/m, `TOKEN=${token}`)
      .replace(/^NOW=.*$/m, `NOW=${now}`)
    for (const put of [base, clickhouse, token, now])
      assert.ok(settings.includes(put), `no place in the page for ${put}`)
    const { stdout } = await run('bash', ['-euc', `${settings}\n${script}`])
    return stdout
  }

  for (const { command, shows } of steps)
    test(`README.md:${command.line} ${command.text.split('\n', 1)[0] ?? ''}`, async () => {
      const writes = /-X (?:POST|PUT)/.test(command.text)
      for (const until = performance.now() + (writes ? 0 : PATIENCE_MS); ;) {
        const differs = await bash(command.text).then(came => unlike(shows, came), String)
        if (differs === undefined) return
        if (performance.now() >= until)
          assert.fail(`README.md:${shows?.line ?? command.line}: ${differs}\n\n${program.stderr.slice(-4_000)}`)
        await new Promise(resolve => setTimeout(resolve, AGAIN_MS))
      }
    })

  test('the README has a story to tell', () => {
    assert.ok(steps.length >= 7, 'the commands were found')
    assert.ok(steps.filter(({ shows }) => shows).length >= 6, 'and what they show')
  })
})

function unlike(shows: Fenced | undefined, came: string): string | undefined {
  if (shows === undefined) return undefined
  if (shows.language !== 'json') return textDiffers(shows.text, came)
  let parsed: unknown
  try {
    parsed = JSON.parse(came)
  } catch {
    return `no JSON came: ${came}`
  }
  return jsonDiffers(JSON.parse(shows.text), parsed)
}
