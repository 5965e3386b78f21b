import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../../tools/ports.ts'
import { until } from '../support/installation.ts'

test('npm start, told to end by SIGTERM as a service is, leaves nobody behind', async t => {
  const data = mkdtempSync(join(tmpdir(), 'milepost-npm-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const [http, clickhouse] = [await freePort(), await freePort()]
  const npm = spawn('npm', ['start', '--', '--no-demo'], {
    cwd: join(import.meta.dirname, '..', '..'),
    env: {
      ...process.env,
      ...{ MILEPOST_DATA: data, MILEPOST_HTTP_PORT: String(http), MILEPOST_CLICKHOUSE_PORT: String(clickhouse) },
    },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  t.after(() => {
    try {
      process.kill(-(npm.pid ?? 0), 'SIGKILL')
    } catch {
      // The group is empty, as it should be.
    }
  })
  let said = ''
  npm.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  await until('it is ready', () => said.includes('ready at'))
  npm.kill('SIGTERM')
  const [code] = (await once(npm, 'exit')) as [number | null]
  assert.equal(code, 0)
  await assert.rejects(fetch(`http://127.0.0.1:${http}/health/live`))
})
