/** What is in memory of a task's state: as much as it may be, and nothing that is of no more use. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json } from '../../schemas/codec.ts'
import { audits } from '../../schemas/topics.ts'
import { type DenseList, Evidence, type PlainList, type Row } from '../../streams/evidence.ts'
import type { Held, StateChange } from '../../streams/log/log.ts'
import { MemoryLog } from '../../streams/log/memory.ts'
import { processor } from '../../streams/processor.ts'
import { Shelf } from '../../streams/shelf.ts'
import { Shelves } from '../../streams/shelves.ts'
import { Task } from '../../streams/task.ts'
import type { Instant } from '../../streams/time.ts'
import { audit, engineOn, newDisk, write } from './disk.ts'

const dense: DenseList<number> = { name: 'dense', blockMs: 10, blocks: json() }
const plain: PlainList<number> = { name: 'plain', codec: json() }
const keeper = processor({ name: 'keeper', head: json<number>(), keeps: [dense, plain], emits: [] }).on(
  audits,
  (head = 0) => ({ head: head + 1 }),
)

/** Notes the keys whose state is read. */
class Noting extends MemoryLog {
  readonly loaded: string[] = []
  override async claim(task: string): Promise<Held> {
    const held = await super.claim(task)
    const { state } = held
    const load = (key: string) => {
      this.loaded.push(key)
      return state.load(key)
    }
    return Object.assign(held, { state: { ...state, load } })
  }
}

async function commit(held: Held, changes: readonly StateChange[]): Promise<void> {
  const tx = await held.begin()
  await tx.change(changes)
  await tx.commit()
}
const inBlock = (n: number): Row<number> => ({ list: dense, at: (n * 10) as Instant, id: 'a', value: n })

test('a task keeps no more in memory than it may: those it heard of last', async () => {
  const disk = newDisk()
  const log = new Noting(disk)
  const task = await Task.claim({ ...engineOn(disk, 10, log), liveRows: 15 }, keeper, 0, [])
  const keys = Array.from({ length: 10 }, (_, n) => `k${n}`)
  for (const key of keys) {
    write(disk, audit(0, key))
    await task.step()
  }
  log.loaded.length = 0
  write(disk, audit(1, 'k9'))
  await task.step()
  assert.deepEqual(log.loaded, [])
  for (const key of keys) write(disk, audit(2, key))
  await task.step()
  assert.ok(log.loaded.length >= 8, log.loaded.join(', '))
})

test('the key that is longest untouched goes first, not the one that came first', async () => {
  const log = new Noting(newDisk())
  const held = await log.claim('keeper/0')
  const alone = new Shelf('alone', keeper, held.state)
  alone.settle()
  const shelves = new Shelves(keeper, held.state, 2 * alone.counted)
  for (const key of ['a', 'b', 'a', 'c']) shelves.settle([shelves.of(key)])
  log.loaded.length = 0
  for (const key of ['a', 'c', 'b']) shelves.of(key)
  assert.deepEqual(log.loaded, ['b'])
})

test('a block that is stored goes with its last row', async () => {
  const held = await new MemoryLog(newDisk()).claim('keeper/0')
  const shelf = new Shelf('k', keeper, held.state)
  shelf.put(inBlock(1))
  await commit(held, shelf.changes())
  shelf.settle()
  shelf.remove(inBlock(1))
  assert.deepEqual(shelf.changes(), [{ key: 'k', list: 'dense', at: 10, id: '', dense: true, bytes: null }])
})

test('of the blocks that were read only the newest stays in memory', async () => {
  const held = await new MemoryLog(newDisk()).claim('keeper/0')
  const shelf = new Shelf('k', keeper, held.state)
  shelf.put(inBlock(3))
  shelf.settle()
  const ofOne = shelf.counted
  for (const n of [1, 2]) for (const id of ['a', 'b']) shelf.put({ ...inBlock(n), id })
  await commit(held, shelf.changes())
  shelf.settle()
  assert.deepEqual(new Evidence(shelf).all(dense), [1, 1, 2, 2, 3])
  shelf.settle()
  assert.equal(shelf.counted, ofOne)
})

test('what is committed is not written again', async () => {
  const held = await new MemoryLog(newDisk()).claim('keeper/0')
  const shelf = new Shelf('k', keeper, held.state)
  shelf.setHead(1)
  shelf.put(inBlock(1))
  shelf.put({ list: plain, at: 0 as Instant, id: 'a', value: 1 })
  assert.equal(shelf.changes().length, 3)
  shelf.settle()
  assert.deepEqual(shelf.changes(), [])
})
