import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretBytes, signature } from '../../../tools/feeder/signature.ts'

test('a signature is the one that Standard Webhooks publishes', () => {
  const secret = secretBytes('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
  const expected = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
  assert.equal(signature(secret, id, 1614265330, '{"test": 2432232314}'), expected)
  assert.equal(signature(secret, id, 1614265330, Buffer.from('{"test": 2432232314}')), expected)
})

test('and the one worked out with openssl', () => {
  // printf 'msg_1.1700000000.{"events":["é"]}' | openssl dgst -sha256 -hmac 'milepost feeder!' -binary | base64
  const secret = secretBytes(`whsec_${Buffer.from('milepost feeder!').toString('base64')}`)
  assert.equal(
    signature(secret, 'msg_1', 1_700_000_000, '{"events":["é"]}'),
    'v1,XJFbVL00U8ArQBu95yMppc0fmX/mJOZbkP5NDcCNqsg=',
  )
})

test('a secret that is none is an error', () => {
  for (const wrong of ['', 'whsec_', 'MfKQ9r8G', 'whsk_MfKQ9r8G', 'whsec_a b']) {
    assert.throws(() => secretBytes(wrong), RangeError)
  }
})
