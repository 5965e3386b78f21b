import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generated } from '../../tools/generate.ts'

test('schemas/generated/events.ts is what npm run generate makes of the schemas', () => {
  const path = join(import.meta.dirname, '..', '..', 'schemas', 'generated', 'events.ts')
  assert.equal(readFileSync(path, 'utf8'), generated(), 'run npm run generate')
})
