/** Who has a task, and how long without a word. No timer runs in between: the clock is the test's. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { EmbeddedLog } from '../../../streams/log/embedded/embedded.ts'
import { LEASE_MS, renewLeases } from '../../../streams/log/embedded/lease.ts'
import { NOTHING_YET, Taken } from '../../../streams/log/log.ts'
import { TOPICS } from './contract.ts'

/** Two processes on one log, called so, and what lets time pass for both. */
function two(t: TestContext, owner: string, other: string) {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-log-'))
  let time = 1_000_000
  const open = (name: string) => new EmbeddedLog({ directory, topics: TOPICS, owner: name, now: () => time })
  const [one, another] = [open(owner), open(other)]
  t.after(async () => {
    for (const log of [one, another]) await log.close()
    rmSync(directory, { recursive: true })
  })
  return { one, another, pass: (ms: number) => (time += ms) }
}

test('an owner that has been silent for longer than its lease loses its task', async t => {
  const { one, another, pass } = two(t, '1@', '01@')
  await one.claim('task/0')
  pass(LEASE_MS - 1)
  await renewLeases(one)
  pass(LEASE_MS - 1)
  await assert.rejects(another.claim('task/0'), Taken)
  pass(2)
  await another.claim('task/0')
})

test('who says that it lives says so of itself alone', async t => {
  const { one, another, pass } = two(t, '1@', '01@')
  await one.claim('task/0')
  await another.claim('task/1')
  pass(LEASE_MS - 1)
  await renewLeases(another)
  pass(2)
  await another.claim('task/0')
  await assert.rejects(one.claim('task/1'), Taken)
})

test('a commit is a sign of life', async t => {
  const { one, another, pass } = two(t, '1@', '01@')
  const held = await one.claim('task/0')
  pass(LEASE_MS - 1)
  const tx = await held.begin()
  await tx.checkpoint(NOTHING_YET)
  await tx.commit()
  pass(LEASE_MS - 1)
  await assert.rejects(another.claim('task/0'), Taken)
})

test('a process that has the pid of the owner, but started at another time, is not the owner', async t => {
  const { one, another } = two(t, `${process.pid}@1`, '1@')
  await one.claim('task/0')
  assert.equal(await another.isOwned('task/0'), false)
  await another.claim('task/0')
})
