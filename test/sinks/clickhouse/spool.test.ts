import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { spool } from '../../../sinks/clickhouse/gateway/body.ts'
import { temporaryFolder } from './support.ts'

test('what is put into the spool is for its owner alone, and gone once it is removed', async () => {
  const folder = temporaryFolder()
  const rest = Readable.from(['b\n', 'c\n'].map(line => Buffer.from(line)))
  const spooled = await spool(folder, Buffer.from('a\n'), rest[Symbol.asyncIterator]() as AsyncIterator<Buffer>)
  assert.equal(readFileSync(spooled.path, 'utf8'), 'a\nb\nc\n')
  assert.equal(statSync(spooled.path).mode & 0o777, 0o600)
  await spooled.remove()
  assert.deepEqual(readdirSync(folder), [])
})
