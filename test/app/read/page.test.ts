/** What the page weighs, and how it is served. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { at } from '../../sinks/control-tower/telling.ts'
import { serving, type Serving } from './serving.ts'

const FOLDER = join(import.meta.dirname, '../../../dashboards/control-tower')
let s: Serving
before(async () => {
  s = await serving(() => at('2026-03-01T15:00:00Z'))
})
after(() => s[Symbol.asyncDispose]())

const get = (path: string, encoding?: string) =>
  s.server.inject({ path, headers: encoding === undefined ? {} : { 'accept-encoding': encoding } })
const sizeBytes = async (path: string) => (await get(path, 'gzip, deflate, br')).rawPayload.length

describe('the page', () => {
  test('weighs at most 40 kB of scripts and 200 kB of base map', async () => {
    const scripts = globSync('**/*.js', { cwd: FOLDER })
    assert.ok(scripts.length > 10)
    const sizes = await Promise.all(scripts.map(name => sizeBytes(`/assets/${name}`)))
    const all = sizes.reduce((sum, size) => sum + size, 0)
    assert.ok(all <= 40_000, `${all} bytes of scripts`)
    const map = await sizeBytes('/assets/base-map.json')
    assert.ok(map <= 200_000, `${map} bytes of base map`)
  })

  test('is the same with and without compression, and is not sent again while it has not changed', async () => {
    const small = await get('/assets/map/worker.js', 'br')
    const plain = await get('/assets/map/worker.js')
    assert.equal(small.headers['content-encoding'], 'br')
    assert.equal(plain.headers['content-encoding'], undefined)
    assert.deepEqual(brotliDecompressSync(small.rawPayload), plain.rawPayload)
    assert.deepEqual(plain.rawPayload, readFileSync(join(FOLDER, 'map/worker.js')))
    assert.equal(plain.headers['vary'], 'accept-encoding')
    const again = await s.server.inject({
      path: '/assets/map/worker.js',
      headers: { 'if-none-match': String(small.headers['etag']) },
    })
    assert.deepEqual([again.statusCode, again.body], [304, ''])
  })
})
