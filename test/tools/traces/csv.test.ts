import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csvRows } from '../../../tools/traces/csv.ts'

test('values may be quoted, and a line that has too many is an error', () => {
  assert.deepEqual(csvRows('a,"b"\r\n1,"x, ""y"""\n"",2\n'), [
    { a: '1', b: 'x, "y"' },
    { a: '', b: '2' },
  ])
  assert.throws(() => csvRows('a,b\n1,2,3'), /line 2: 3 values for 2 names/)
  assert.throws(() => csvRows('a\n1"2'), SyntaxError)
})
