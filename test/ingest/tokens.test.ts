import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { createToken, firstToken, listTokens, openTokens, revokeToken } from '../../ingest/tokens.ts'

const run = promisify(execFile)
const fileFor = (context: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-tokens-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'tokens.json')
}
const silent = { error: () => undefined }

describe('a token', () => {
  test('opens what its role opens until it is revoked', async context => {
    const path = fileFor(context)
    const { id, token } = await createToken(path, 'ingest', 'depot')
    assert.match(token, new RegExp(`^mp_${id}_[0-9a-f]{64}$`))
    const tokens = openTokens(path, silent)
    const { createdAt, ...known } = tokens.check(token) ?? {}
    assert.deepEqual(known, { id, role: 'ingest', name: 'depot' })
    assert.deepEqual(listTokens(path), [{ ...known, createdAt }])
    assert.equal(await revokeToken(path, id), true)
    assert.equal(tokens.check(token), undefined)
    assert.equal(await revokeToken(path, id), false)
    assert.deepEqual(listTokens(path), [])
  })

  test('is kept as a hash, in a file for its owner alone, and nothing else is left behind', async context => {
    const path = fileFor(context)
    const { token } = await createToken(path, 'read')
    assert.ok(!readFileSync(path, 'utf8').includes(token.split('_')[2] ?? ''))
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(join(path, '..')), ['tokens.json'])
  })

  test('with any part of it changed opens nothing', async context => {
    const path = fileFor(context)
    const { id, token } = await createToken(path, 'read')
    const other = await createToken(path, 'read')
    const tokens = openTokens(path, silent)
    const secret = token.split('_')[2] ?? ''
    for (const wrong of [
      '',
      id,
      secret,
      `mp_${id}_`,
      `mp_${id}_${secret.slice(1)}`,
      `mp_${id}_${secret}0`,
      `mp_${id}_${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`,
      `mp_${other.id}_${secret}`,
      `mp_000000000000_${secret}`,
      `MP_${id}_${secret}`,
      ` ${token}`,
    ]) {
      assert.equal(tokens.check(wrong), undefined, wrong)
    }
  })

  test('made by another process works at once', async context => {
    const path = fileFor(context)
    const tokens = openTokens(path, silent)
    const module = JSON.stringify(new URL('../../ingest/tokens.ts', import.meta.url).href)
    const script = `const { createToken } = await import(${module}); process.stdout.write((await createToken(${JSON.stringify(path)}, 'admin')).token)`
    const made = await Promise.all([1, 2, 3].map(() => run(process.execPath, ['--input-type=module', '-e', script])))
    for (const { stdout } of made) assert.equal(tokens.check(stdout)?.role, 'admin')
    assert.equal(listTokens(path).length, 3)
  })

  test('needs a name that may stand in a source', async context => {
    await assert.rejects(createToken(fileFor(context), 'read', 'a b'), /name/)
  })
})

describe('the file of tokens', () => {
  test('begins with one administrator, told once', async context => {
    const path = fileFor(context)
    const results = await Promise.all([firstToken(path), firstToken(path)])
    const [first, ...others] = results.filter(result => result !== undefined)
    assert.ok(first && others.length === 0)
    assert.equal(openTokens(path, silent).check(first.token)?.role, 'admin')
    await revokeToken(path, first.id)
    assert.equal(await firstToken(path), undefined)
  })

  test('is read again where only its contents differ, not its length', async context => {
    const path = fileFor(context)
    const old = await createToken(path, 'read', 'depot')
    const { size } = statSync(path)
    const tokens = openTokens(path, silent)
    await revokeToken(path, old.id)
    const replacement = await createToken(path, 'read', 'depot')
    assert.equal(statSync(path).size, size)
    assert.equal(tokens.check(old.token), undefined)
    assert.equal(tokens.check(replacement.token)?.name, 'depot')
  })

  test('that is damaged is refused at the start; later it leaves in force what was known', async context => {
    const path = fileFor(context)
    const { token } = await createToken(path, 'read')
    const said: string[] = []
    const tokens = openTokens(path, { error: (_, message) => void said.push(message) })
    writeFileSync(path, '{"version":1,"tok')
    assert.throws(() => openTokens(path, silent), /is not a file of tokens/)
    await assert.rejects(createToken(path, 'read'), /is not a file of tokens/)
    for (let i = 0; i < 3; i++) assert.ok(tokens.check(token))
    assert.equal(said.length, 1)
    rmSync(path)
    assert.equal(tokens.check(token), undefined)
  })

  test('can be changed though somebody crashed while changing it', async context => {
    const path = fileFor(context)
    writeFileSync(`${path}.lock`, '')
    const longAgo = new Date(Date.now() - 60_000)
    utimesSync(`${path}.lock`, longAgo, longAgo)
    await createToken(path, 'read')
    assert.equal(listTokens(path).length, 1)
  })
})
