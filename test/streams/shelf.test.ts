/** What is kept of a key is what a plain sorted array would hold, however it is cut into blocks, cached and stored. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { json } from '../../schemas/codec.ts'
import { type AnyList, type At, Evidence, inOrder, type Place, type Row } from '../../streams/evidence.ts'
import { MemoryLog } from '../../streams/log/memory.ts'
import { processor } from '../../streams/processor.ts'
import { Shelves } from '../../streams/shelves.ts'
import type { Instant } from '../../streams/time.ts'
import { newDisk } from './disk.ts'

const dense: AnyList = { name: 'dense', blockMs: 10, blocks: json<readonly Place<number>[]>() }
const plain: AnyList = { name: 'plain', codec: json<number>() }
const keeper = processor({ name: 'keeper', head: json<number>(), keeps: [dense, plain], emits: [] })

const place = fc.record({ at: fc.nat(60).map(n => n as Instant), id: fc.constantFrom('a', 'b') })
const row = fc.record({ list: fc.constantFrom(dense, plain), place, value: fc.nat(9) })
const deed = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), row }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), row }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('commit' as const, 'forget' as const), row }) },
)

const bare = ({ at, id, value }: Row) => ({ at, id, value })
const here = (a: Row) => (b: Row) => a.list === b.list && inOrder(a, b) === 0

/** Everything that can be asked of a list. */
function assertHolds(kept: Evidence, list: AnyList, rows: readonly Row[], from: At, until: Instant): void {
  const own = rows.filter(one => one.list === list).sort(inOrder)
  assert.deepEqual([...kept.backward(list)].map(bare), own.toReversed().map(bare))
  assert.deepEqual(
    kept.all(list),
    own.map(({ value }) => value),
  )
  assert.deepEqual([...kept.forward(list, from)].map(bare), own.filter(one => inOrder(one, from) > 0).map(bare))
  const before = own.filter(one => inOrder(one, from) < 0).toReversed()
  assert.deepEqual([...kept.backward(list, from)].map(bare), before.map(bare))
  const between = own.filter(({ at }) => from.at <= at && at < until)
  assert.deepEqual(kept.between(list, from.at, until).map(bare), between.map(bare))
  assert.equal(
    kept.has({ list, value: 0, ...from }),
    own.some(one => inOrder(one, from) === 0),
  )
}

test('rows are put, removed, committed and let go of; what is read is what is there', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(deed, { maxLength: 30, size: 'max' }),
      place,
      place,
      async (deeds, from, { at: until }) => {
        const held = await new MemoryLog(newDisk()).claim('keeper/0')
        const shelves = new Shelves(keeper, held.state, 0)
        let rows: Row[] = []
        for (const {
          do: what,
          row: { list, place: there, value },
        } of deeds) {
          const one: Row = { list, ...there, value }
          const shelf = shelves.of('k')
          const kept = new Evidence(shelf)
          const without = rows.filter(other => !here(one)(other))
          // Before it is done it can be looked at as if it were.
          const next = what === 'put' ? kept.with([one]) : what === 'remove' ? kept.with([], [one]) : kept
          if (what === 'put' || what === 'remove') rows = what === 'put' ? [...without, one] : without
          for (const each of [dense, plain]) assertHolds(next, each, rows, from, until)
          if (what === 'put') shelf.put(one)
          else if (what === 'remove') shelf.remove(one)
          else {
            const tx = await held.begin()
            await tx.change(shelf.changes())
            await tx.commit()
            if (what === 'commit') shelf.settle()
            else shelves.settle([shelf])
          }
          for (const each of [dense, plain]) assertHolds(new Evidence(shelves.of('k')), each, rows, from, until)
        }
      },
    ),
    { numRuns: 300 },
  )
})
