/**
 * The image without an engine: what Dockerfile copies is laid out in a folder and run there, as its user, read-only.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { freePort } from '../../tools/ports.ts'
import { until } from '../support/installation.ts'
import { ROOT, service } from './compose.ts'

const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replace(/\\\n/g, ' ')
const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
const stages = dockerfile.split(/^FROM /m).slice(1)
const last = stages.at(-1) ?? ''
const one = (instruction: string, text = last): string =>
  new RegExp(`^${instruction} (.*)$`, 'm').exec(text)?.[1]?.trim() ?? ''
const [uid = 0, gid = 0] = one('USER').split(':').map(Number)
const isRoot = process.getuid?.() === 0

interface Copied {
  readonly sources: readonly string[]
  readonly to: string
}
/** `COPY` from the repository. */
const copies = (stage: string): Copied[] =>
  [...stage.matchAll(/^COPY (?!--)(.*)$/gm)].map(([, words = '']) => {
    const sources = words.trim().split(/\s+/)
    return { to: sources.pop() ?? '', sources }
  })

/** Whether a path gets to the builder: the last line that matches it, or a folder that it is in, decides. */
function reaches(path: string, rules = ignored): boolean {
  let passes = true
  const parts = path.split('/')
  const within = parts.map((_, at) => parts.slice(0, at + 1).join('/'))
  for (const line of rules.split('\n').filter(text => text !== '' && !text.startsWith('#'))) {
    const pattern = line.replace(/^!/, '')
    const matches = new RegExp(
      `^${pattern.replace(/[.+]/g, '\\$&').replace(/\*\*\/|\*/g, found => (found === '*' ? '[^/]*' : '(?:.*/)?'))}$`,
    )
    if (within.some(part => matches.test(part))) passes = line.startsWith('!')
  }
  return passes
}

test('what is copied exists, and gets to the builder; nothing else does', () => {
  const sources = stages.flatMap(copies).flatMap(copied => copied.sources)
  assert.ok(sources.length > 10)
  for (const source of sources) {
    assert.ok(existsSync(join(ROOT, source)), source)
    assert.ok(reaches(source), `${source} is ignored`)
  }
  for (const path of [
    '.git/config',
    'data/milepost.sqlite',
    'milepost.yaml',
    'test/architecture.test.ts',
    'docs/rules.md',
    'node_modules/chdb/package.json',
    'ingest/node_modules/x.js',
    'app/x.log',
    'deploy/prepare.sh',
    'tools/chaos.ts',
  ])
    assert.ok(!reaches(path), `${path} gets to the builder`)
  for (const top of globSync('*', { cwd: ROOT, exclude: ['node_modules'] }))
    if (reaches(top))
      assert.ok(
        sources.some(source => source.split('/')[0] === top),
        `${top} gets to the builder for nothing`,
      )
})

test('a line that lets too much through would be found', () => {
  assert.ok(reaches('data/milepost.sqlite', ignored.replace('*\n', '')))
  assert.ok(reaches('test/laws/laws.ts', `${ignored}!test\n`))
  assert.ok(!reaches('app/main.ts', ignored.replace('!app\n', '')))
})

test('it runs as a user who is not root, with a health check, a volume, and no secret', () => {
  assert.ok(uid >= 1_000 && gid >= 1_000)
  assert.equal(one('USER'), service('ingest').user)
  assert.match(last, /^HEALTHCHECK --interval=\d+s --timeout=\d+s --start-period=\d+s --retries=\d CMD \[/m)
  assert.match(last, new RegExp(`install --directory --mode 0700 --owner ${uid} --group ${gid} ${one('VOLUME')}\\b`))
  assert.match(dockerfile, new RegExp(`MILEPOST_DATA=${one('VOLUME')}$`, 'm'))
  assert.doesNotMatch(dockerfile, /ARG|PASSWORD|TOKEN|SECRET|:latest/)
  assert.ok(last.indexOf('\nUSER ') > last.lastIndexOf('\nCOPY '), 'what runs must not own what it runs')
})

test('what serves to install and to build is not in the last stage', () => {
  assert.equal(stages.length, 2)
  assert.match(last, /rm -rf .*\/usr\/local\/lib\/node_modules .*npm .*npx .*corepack/)
  assert.doesNotMatch(last, /npm ci|apt-get|curl|wget/)
})

/** A folder like the image's, or why there can be none here. */
function laidOut(t: TestContext): { root: string; data: string; why?: string } {
  const top = mkdtempSync(join(tmpdir(), 'milepost-image-'))
  t.after(() => rmSync(top, { recursive: true, force: true }))
  const [root, data] = [join(top, 'milepost'), join(top, 'data')]
  mkdirSync(data, { mode: 0o700 })
  for (const stage of stages) for (const copied of copies(stage)) lay(root, copied)
  const install = one('RUN', stages[0])
  assert.match(install, /^npm ci --omit=dev\b/)
  const { status, stderr } = spawnSync('sh', ['-c', install], {
    ...{ cwd: root, encoding: 'utf8', env: { ...process.env, npm_config_prefer_offline: 'true' } },
  })
  if (status !== 0) return { root, data, why: stderr }
  // The base of the image brings Node; here it is the one that runs this.
  mkdirSync(join(top, 'bin'))
  copyFileSync(process.execPath, join(top, 'bin/node'))
  if (isRoot) {
    chmodSync(top, 0o755)
    chownSync(data, uid, gid)
  }
  return { root, data }
}

function lay(root: string, { sources, to }: Copied): void {
  for (const source of sources) {
    const target = to.endsWith('/') ? join(root, to, source.split('/').at(-1) ?? '') : join(root, to)
    mkdirSync(dirname(target), { recursive: true })
    cpSync(join(ROOT, source), target, {
      recursive: true,
      filter: path => statSync(path).isDirectory() || reaches(path.slice(ROOT.length + 1)),
    })
  }
}

test(
  'what it holds is enough to run it all, embedded, and its health check sees that',
  { timeout: 240_000 },
  async t => {
    const { root, data, why } = laidOut(t)
    if (why !== undefined) {
      assert.ok(
        process.env['MILEPOST_SKIP'] !== 'forbidden' && /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENOTCACHED/.test(why),
        why,
      )
      t.skip('npm has not kept what it needs, and there is no network')
      return
    }
    const [http, clickhouse] = [await freePort(), await freePort()]
    const within = (words: string) =>
      (JSON.parse(words) as string[]).map(word =>
        word.replace(/^\/milepost(?=\/)/, root).replace(/^node$/, join(dirname(root), 'bin/node')),
      )
    const env = {
      PATH: '/usr/bin:/bin',
      MILEPOST_DATA: data,
      MILEPOST_HTTP_PORT: String(http),
      MILEPOST_CLICKHOUSE_PORT: String(clickhouse),
    }
    const as = { cwd: root, env, ...(isRoot && { uid, gid }) }
    const [node = '', ...entry] = within(one('ENTRYPOINT'))
    const milepost = (...args: string[]) => execFileSync(node, [...entry, ...args], { ...as, encoding: 'utf8' })

    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    assert.equal(milepost('--version').trim(), version)
    assert.match(milepost('start', '--target', 'processors', '--help'), /--target/)
    const link = /ln -s \/milepost\/(\S+) \/usr\/local\/bin\/milepost/.exec(last)?.[1] ?? ''
    const linked = execFileSync(node, [join(root, link), '--version'], { ...as, encoding: 'utf8' })
    assert.equal(linked.trim(), version)

    const [, ...check] = within(/ CMD (\[.*\])/.exec(one('HEALTHCHECK'))?.[1] ?? '[]')
    const isHealthy = () => spawnSync(node, check, as).status === 0
    assert.ok(!isHealthy())
    const running = spawn(node, [...entry, ...within(one('CMD'))], { ...as, stdio: ['pipe', 'ignore', 'pipe'] })
    let said = ''
    running.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    // Before its folder goes.
    await using ending = new AsyncDisposableStack()
    ending.defer(async () => {
      if (running.exitCode === null && running.kill('SIGTERM')) await once(running, 'exit')
    })
    await until('it is healthy', () => isHealthy() || running.exitCode !== null)
    assert.equal(running.exitCode, null, said)
    await until('the demo’s positions are in ClickHouse', () => positionsAt(clickhouse))
    running.kill('SIGTERM')
    const [code] = (await once(running, 'exit')) as [number | null]
    assert.equal(code, 0, said)
  },
)

async function positionsAt(port: number): Promise<boolean> {
  const query = encodeURIComponent('SELECT count() FROM milepost.vehicle_positions')
  const answer = await fetch(`http://127.0.0.1:${port}/?user=analyst&query=${query}`).catch(() => undefined)
  return answer?.ok === true && Number(await answer.text()) > 0
}
