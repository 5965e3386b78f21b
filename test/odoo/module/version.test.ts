/** The version of the data module rises with whatever of it changes: else an Odoo that has it is not brought the new one. */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { moduleFiles } from '../../../odoo/module/module.ts'
import { VERSION } from '../../../odoo/module/version.ts'

/** By version: what the module consisted of, but for the version. */
const RELEASED = JSON.parse(readFileSync(join(import.meta.dirname, 'released.json'), 'utf8')) as Record<string, string>

test('what the module consists of is what its version had when it was released', () => {
  const files = Object.entries(moduleFiles()).sort(([a], [b]) => (a < b ? -1 : 1))
  const content = files.map(([name, text]) => `${name}\n${text.replaceAll(VERSION, '')}`)
  const found = hash('sha256', content.join('\0'))
  assert.equal(
    RELEASED[VERSION],
    found,
    `the module is not what ${VERSION} was: raise VERSION in odoo/module/version.ts and add it with "${found}" to released.json`,
  )
  assert.equal(Object.keys(RELEASED).at(-1), VERSION, 'the newest version is the last of the list')
})
