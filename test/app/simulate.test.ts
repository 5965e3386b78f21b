/** `milepost simulate`, run as users run it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { answerOf, Program } from '../../tools/chaos/program.ts'

const SECRET = 'a=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const env = { ...process.env, MILEPOST_TOKEN: '' }
const simulate = (...args: string[]) => answerOf(['simulate', ...args], env, import.meta.dirname)

test('what makes no sense is said, and nothing is sent', async () => {
  const known = ['--token', 'x', '--secret', SECRET]
  const wrong: [RegExp, string[]][] = [
    [/--secret is missing/, ['--token', 'x']],
    [/--secret must look like/, ['--token', 'x', '--secret', 'a']],
    [/--secret a: a secret is whsec_/, ['--token', 'x', '--secret', 'a=hush']],
    [/--token is missing/, ['--secret', SECRET]],
    [/--vehicles must be a number/, [...known, '--vehicles', 'many']],
    [/--start must be a time/, [...known, '--start', 'yesterday']],
    [/needs --shipments/, [...known, '--as-fast-as-possible']],
  ]
  for (const [message, args] of wrong) {
    const { code, stderr } = await simulate(...args)
    assert.equal(code, 64, args.join(' '))
    assert.match(stderr, message)
  }
})

test('Ctrl-C ends it at once, and it says how to go on', async t => {
  let requests = 0
  const server = createServer((request, response) => {
    requests++
    request.resume().on('end', () => response.end('{"accepted":1,"refused":[]}'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const args = ['simulate', '--url', url, '--token', 'x', '--secret', SECRET, '--vehicles', '10']
  const program = new Program(args, env, import.meta.dirname)
  t.after(() => program.kill())
  while (requests < 10 && program.lives) await new Promise(resolve => setTimeout(resolve, 50))
  program.signal('SIGINT')
  assert.deepEqual(await program.ended, { code: 0, signal: null })
  await program.silent
  assert.match(program.stdout, /\d+ positions, \d+ plans/)
  assert.match(program.stdout, /to go on: --start \d{4}-.*Z --sent-until \d{4}-.*Z/)
})
