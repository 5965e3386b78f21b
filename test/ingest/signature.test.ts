import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign as signEd25519 } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { isSigned, readSignature, sign, type SignatureHeaders, verifyingKey } from '../../ingest/signature.ts'
import type { Instant } from '../../streams/time.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OTHER = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
const AT = 1_614_265_330
const BODY = Buffer.from('{"test": 2432232314}')
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

const verify = (headers: SignatureHeaders, body: Uint8Array, secrets: readonly string[], nowS: number): boolean => {
  const signed = readSignature(headers, (nowS * 1_000) as Instant)
  return !('reason' in signed) && isSigned(signed, body, secrets.map(verifyingKey))
}
const headers = (more: SignatureHeaders = {}): SignatureHeaders => ({
  'webhook-id': ID,
  'webhook-timestamp': String(AT),
  'webhook-signature': SIGNATURE,
  ...more,
})

describe('a signature', () => {
  test('is HMAC-SHA-256 over id, timestamp and body, in base64', () => {
    const byHand = createHmac('sha256', Buffer.from(SECRET.slice('whsec_'.length), 'base64')).update(
      `${ID}.${AT}.${BODY.toString()}`,
    )
    assert.equal(`v1,${byHand.digest('base64')}`, SIGNATURE)
    assert.equal(sign(SECRET, ID, AT, BODY), SIGNATURE)
    assert.ok(verify(headers(), BODY, [SECRET], AT))
  })

  test('may be one of several, by one of several keys', () => {
    const theirs = sign(OTHER, ID, AT, BODY)
    assert.ok(verify(headers(), BODY, [OTHER, SECRET], AT))
    assert.ok(verify(headers({ 'webhook-signature': `${theirs} ${SIGNATURE}` }), BODY, [SECRET], AT))
    assert.ok(!verify(headers({ 'webhook-signature': theirs }), BODY, [SECRET], AT))
    assert.ok(!verify(headers(), BODY, [], AT))
  })

  test('is good for five minutes either way', () => {
    for (const [seconds, good] of [
      [300, true],
      [301, false],
      [-300, true],
      [-301, false],
    ] as const) {
      assert.equal(verify(headers(), BODY, [SECRET], AT + seconds), good, `${seconds} s`)
    }
  })

  test('is compared in whole seconds, as it is written', () => {
    const signed = readSignature(headers(), ((AT + 300) * 1_000 + 999) as Instant)
    assert.ok(!('reason' in signed))
  })

  test('may be by an Ed25519 key, of which we know the public half', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const secret = `whpk_${publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')}`
    const by = (version: string, text: string) => ({
      'webhook-signature': `${version},${signEd25519(null, Buffer.from(text), privateKey).toString('base64')}`,
    })
    const text = `${ID}.${AT}.${BODY.toString()}`
    assert.ok(verify(headers(by('v1a', text)), BODY, [SECRET, secret], AT))
    assert.ok(!verify(headers(by('v1a', `${text} `)), BODY, [secret], AT))
    assert.ok(!verify(headers(by('v1', text)), BODY, [secret], AT))
    assert.ok(!verify(headers(by('v1a', text)), BODY, [SECRET], AT))
  })

  test('is over the very bytes', () => {
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x7d])
    const signed = headers({ 'webhook-signature': sign(SECRET, ID, AT, bytes) })
    assert.ok(verify(signed, bytes, [SECRET], AT))
    assert.ok(!verify(signed, Buffer.from(bytes.toString()), [SECRET], AT))
  })

  test('is refused where a header is not of its form', () => {
    for (const wrong of [
      { 'webhook-id': undefined },
      { 'webhook-id': '' },
      { 'webhook-id': 'a b' },
      { 'webhook-id': 'a.b' },
      { 'webhook-timestamp': undefined },
      { 'webhook-timestamp': `${AT}.0` },
      { 'webhook-timestamp': `${AT}abc` },
      { 'webhook-timestamp': ` ${AT}` },
      { 'webhook-timestamp': `0x${AT.toString(16)}` },
      { 'webhook-timestamp': `${AT}000` },
      { 'webhook-signature': undefined },
      { 'webhook-signature': '' },
      { 'webhook-signature': SIGNATURE.slice(3) },
      { 'webhook-signature': SIGNATURE.slice(0, -1) },
      { 'webhook-signature': SIGNATURE.replaceAll('+', '-').replaceAll('/', '_') },
      { 'webhook-signature': `${SIGNATURE},x` },
      { 'webhook-signature': SIGNATURE.replace('v1', 'v1a') },
      { 'webhook-signature': Array.from({ length: 9 }, () => SIGNATURE).join(' ') },
    ]) {
      assert.ok(!verify(headers(wrong), BODY, [SECRET], AT), JSON.stringify(wrong))
    }
  })

  test('needs a key that is one, and no error shows it', () => {
    for (const wrong of [
      '',
      'whsec_',
      'whsec_AQEBAQEBAQE=',
      `whsec_${'A'.repeat(88)}`,
      'whsec_not base64!',
      'whsk_AAAA',
      'whpk_AAAA',
    ]) {
      assert.throws(
        () => verifyingKey(wrong),
        error => error instanceof Error && !error.message.includes(wrong.slice(6) || 'AAAA'),
      )
    }
  })
})

interface Vector {
  readonly name: string
  readonly op: 'sign' | 'verify' | 'construct'
  readonly secret: string
  readonly expect: string
  readonly id: string
  readonly timestamp: number | string
  readonly headers: SignatureHeaders
  readonly body?: string
  readonly bodyBase64?: string
  readonly now: number
}

const vectorFile = process.env['STANDARD_WEBHOOKS_VECTORS'] ?? ''
describe(
  'the test vectors of Standard Webhooks',
  { skip: !existsSync(vectorFile) && 'STANDARD_WEBHOOKS_VECTORS names no file of them' },
  () => {
    const { vectors } = existsSync(vectorFile)
      ? (JSON.parse(readFileSync(vectorFile, 'utf8')) as { vectors: Vector[] })
      : { vectors: [] }
    for (const vector of vectors) {
      test(vector.name, { skip: vector.name === 'sign-ed25519-A' && 'we only verify such signatures' }, () => {
        const body = Buffer.from(
          vector.bodyBase64 ?? vector.body ?? '',
          vector.bodyBase64 === undefined ? 'utf8' : 'base64',
        )
        const outcome = () => {
          if (vector.op === 'construct') return verifyingKey(vector.secret).version
          if (vector.op === 'sign')
            return sign(vector.secret, vector.id, typeof vector.timestamp === 'number' ? vector.timestamp : NaN, body)
          return verify(vector.headers, body, [vector.secret], vector.now) ? 'accept' : 'reject'
        }
        assert.equal(outcomeOf(outcome), vector.expect)
      })
    }
  },
)

const outcomeOf = (outcome: () => string): string => {
  try {
    return outcome()
  } catch {
    return 'reject'
  }
}
