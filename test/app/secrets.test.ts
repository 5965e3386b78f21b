import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { clickhousePasswordOf } from '../../app/secrets.ts'

test('the password is drawn once, and is its owner’s alone', t => {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-secrets-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const password = clickhousePasswordOf(directory)
  assert.match(password, /^[\w-]{32}$/)
  assert.equal(clickhousePasswordOf(directory), password)
  assert.deepEqual(readdirSync(directory), ['clickhouse-password'])
  assert.equal(statSync(join(directory, 'clickhouse-password')).mode & 0o777, 0o600)
})
