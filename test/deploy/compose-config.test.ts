/**
 * Compose itself reads docker-compose.yml, without an engine. Needs `docker compose` or `docker-compose`, else it is
 * skipped.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { compose, composeText, ROOT } from './compose.ts'

const found = [['docker', 'compose'] as const, ['docker-compose'] as const]
  .map(([command, ...args]) => ({ command, args, ...spawnSync(command, [...args, 'version'], { encoding: 'utf8' }) }))
  .find(({ status }) => status === 0)
const missing = found === undefined && 'neither docker compose nor docker-compose is installed'
if (missing !== false && process.env['MILEPOST_SKIP'] === 'forbidden')
  throw new Error(`may not be skipped here: ${missing}`)

/** Version 1 (Debian 12 has it) knows all of the file but the project's name. */
const isFirst = /\b1\.\d+\.\d+/.test(found?.stdout.split('\n')[0] ?? '')

function read(text: string): { status: number | null; stdout: string; stderr: string } {
  const { command, args } = found ?? { command: '', args: [] }
  const input = isFirst ? text.replace(/^name: .*\n/m, '') : text
  return spawnSync(command, [...args, '--project-directory', ROOT, '-f', '-', 'config', '--services'], {
    ...{ input, encoding: 'utf8', timeout: 60_000 },
  })
}

test('Compose accepts the file, and finds its services', { skip: missing }, () => {
  const { status, stdout, stderr } = read(composeText)
  assert.equal(status, 0, stderr)
  assert.deepEqual(stdout.trim().split('\n').sort(), Object.keys(compose.services).sort())
})

test('and would not accept what it does not know', { skip: missing }, () => {
  for (const [from, to] of [
    ['    stop_grace_period: 60s', '    stop_grace_perriod: 60s'],
    ['replicas: 2', 'replicas: two'],
    ['- kafka:/var/lib', '- kofka:/var/lib'],
  ] as const) {
    assert.ok(composeText.includes(from), from)
    assert.notEqual(read(composeText.replace(from, to)).status, 0, to)
  }
})
