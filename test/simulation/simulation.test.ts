/** Disasters from seeds: the engine survives them all, and an engine that lacks one step of its commit does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMMIT } from '../../streams/commit.ts'
import type { Transaction } from '../../streams/log/log.ts'
import { simulate } from './simulate.ts'

const SEEDS = 1_000

test(`${SEEDS} seeds of disaster leave nothing lost and nothing doubled`, async () => {
  const happened: Record<string, number> = {}
  for (let seed = 0; seed < SEEDS; seed++) {
    try {
      for (const [what, n] of Object.entries((await simulate(seed)).happened))
        happened[what] = (happened[what] ?? 0) + n
    } catch (error) {
      throw new Error(`seed ${seed} fails; again: npm run sim -- --seed ${seed}`, { cause: error })
    }
  }
  const crashed = Object.keys(happened).filter(what => what.startsWith('crash at '))
  for (const { name } of COMMIT)
    if (name !== 'dead letters') assert.ok(crashed.includes(`crash at ${name}`), `no seed crashes at ${name}`)
  for (const what of ['stall', 'fenced', 'said again', 'answer lost: commit answered', 'crash at commit answered'])
    assert.ok((happened[what] ?? 0) >= 20, `${what} happened ${happened[what] ?? 0} times`)
})

for (const { name } of COMMIT)
  test(`a commit without its step "${name}" is found within ${SEEDS} seeds`, async t => {
    // Without the last, the transaction ends all the same: with nothing.
    const left = (tx: Transaction) => (name === 'commit' ? tx.abort() : Promise.resolve())
    const steps = COMMIT.map(step => (step.name === name ? { name, run: left } : step))
    for (let seed = 0; seed < SEEDS; seed++) {
      const found = await simulate(seed, steps).then(
        () => undefined,
        (error: unknown) => error as Error,
      )
      if (!found) continue
      t.diagnostic(`seed ${seed}: ${found.message.split('\n')[0] ?? ''}`)
      return
    }
    assert.fail(`${SEEDS} seeds went by`)
  })
