/** `npm run sim -- [--seed N] [--seeds COUNT] [--from N]`: live through simulated disasters; a seed that fails can be had again. */
import { parseArgs } from 'node:util'
import { simulate } from '../test/simulation/simulate.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '0' },
  },
})
const from = Number(values.seed ?? values.from)
const count = values.seed === undefined ? Number(values.seeds) : 1
if (!(Number.isInteger(from) && from >= 0 && Number.isInteger(count) && count > 0))
  throw new RangeError('--seed and --from: whole numbers; --seeds: a whole number above 0')
const happened: Record<string, number> = {}
const began = performance.now()
for (let seed = from; seed < from + count; seed++) {
  try {
    const life = await simulate(seed)
    for (const [what, n] of Object.entries(life.happened)) happened[what] = (happened[what] ?? 0) + n
  } catch (error) {
    process.stderr.write(`seed ${seed} fails; again: npm run sim -- --seed ${seed}\n`)
    throw error
  }
  if ((seed - from) % 1_000 === 999)
    process.stderr.write(`${seed - from + 1} seeds, ${Math.round((performance.now() - began) / 1_000)} s\n`)
}
process.stdout.write(
  `${JSON.stringify({ seeds: count, seconds: Math.round((performance.now() - began) / 100) / 10, happened }, null, 2)}\n`,
)
