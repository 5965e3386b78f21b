/** A small world while processes die by kill -9; `node tools/chaos.ts` does the same at length. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { roundsOf, VICTIMS } from '../../tools/chaos/rounds.ts'
import { chaos, killing } from '../../tools/chaos/run.ts'
import { makeWorld } from '../../tools/feeder/world.ts'

const SEED = 6
const ROUNDS = 8

test('whoever is killed whenever, the outcome is that of the truth and of an undisturbed run in order', async t => {
  const root = mkdtempSync(join(tmpdir(), 'milepost-chaos-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  assert.deepEqual(
    new Set(roundsOf(String(SEED), ROUNDS).map(({ victim }) => victim)),
    new Set(VICTIMS),
    'the seed lets each of them die',
  )
  const startAt = Date.UTC(2026, 2, 2)
  const world = makeWorld({ seed: SEED, startAt, vehicles: 3, shipmentsPerVehicle: 2, fixEverySeconds: 60 })
  const { faults, havoc, milestones, openCases, seconds } = await chaos({ world, root, wreak: killing(world, ROUNDS) })
  t.diagnostic(JSON.stringify({ kills: havoc.kills, retries: havoc.retries, milestones, openCases, seconds }))
  assert.deepEqual(faults, [])
  assert.equal(milestones, world.truth.milestones.length)
  assert.ok(milestones > 0 && openCases > 0, 'the world has something to conclude')
})
