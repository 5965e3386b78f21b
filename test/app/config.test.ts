import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { type Config, ConfigError, DEMO_PARTNER, DEMO_SECRET, loadConfig } from '../../app/config.ts'

/** The settings of a file; JSON is YAML. */
function settings(t: TestContext, written: object, env: NodeJS.ProcessEnv = {}, flags = {}): Config {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-config-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'milepost.yaml')
  writeFileSync(file, JSON.stringify(written))
  return loadConfig({ MILEPOST_CONFIG: file, ...env }, flags)
}

test('flags win over variables, variables over the file, and an empty variable says nothing', t => {
  const file = { httpPort: 1, logLevel: 'warn', bind: '::1' }
  const env = { MILEPOST_HTTP_PORT: '2', MILEPOST_TIME: 'live', MILEPOST_BIND: '' }
  const { httpPort, logLevel, time, bind } = settings(t, file, env, { time: 'event' })
  assert.deepEqual([httpPort, logLevel, time, bind], [2, 'warn', 'event', '::1'])
})

test('the partner of the demo is known to those who are told its secret', t => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  assert.deepEqual(settings(t, {}, { [DEMO_SECRET]: secret }).partners, { [DEMO_PARTNER]: { secret } })
  assert.deepEqual(settings(t, {}).partners, {})
})

test('a partner’s key is one that signatures can be checked against, or the settings are wrong', t => {
  const raw = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const secret = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', `whpk_${raw.toString('base64')}`]
  assert.deepEqual(settings(t, { partners: { nordic: { secret } } }).partners['nordic'], { secret })
  for (const wrong of ['whsec_AQEBAQ==', 'whpk_AAAA', 'hush'])
    assert.throws(
      () => settings(t, { partners: { nordic: { secret: wrong } }, httpPort: 0 }),
      ({ message }: Error) =>
        /partners\.nordic\.secret/.test(message) && /MILEPOST_HTTP_PORT/.test(message) && !message.includes(wrong),
      wrong,
    )
  assert.throws(() => settings(t, { partners: { 'No Name': { secret } } }), ConfigError)
})
