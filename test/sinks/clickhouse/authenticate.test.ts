/** Where the analyst asks from, as the socket and the Host header have it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authenticate } from '../../../sinks/clickhouse/gateway/users.ts'

const asks = (remoteAddress: string, host: string, analyst?: string) =>
  authenticate(
    { headers: { host }, socket: { remoteAddress } } as never,
    new URLSearchParams({ user: 'analyst', ...(analyst !== undefined && { password: analyst }) }),
    { milepost: 'x', analyst },
  )

test('without a password the analyst comes from this machine, under its own name', () => {
  for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])
    for (const host of ['localhost', 'localhost:8123', '127.0.0.1:8123', '[::1]:8123'])
      assert.deepEqual(asks(address, host), { name: 'analyst', readOnly: true }, `${address} ${host}`)
})

test('from another machine it needs one, whatever name that calls us by', () => {
  for (const address of ['10.0.0.9', '::ffff:10.0.0.9', '2001:db8::1', '127.0.0.1.evil.example', ''])
    assert.throws(() => asks(address, 'localhost'), /Authentication failed/, address)
  assert.equal(asks('10.0.0.9', 'db.example', 'secret').name, 'analyst')
})
