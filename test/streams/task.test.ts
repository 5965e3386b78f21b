/** The engine, on a processor that counts what it hears of a key and rings when nothing came for an hour. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json, localWire } from '../../schemas/codec.ts'
import { audits, deadLetters, lates } from '../../schemas/topics.ts'
import { drive } from '../../streams/drive.ts'
import { heard, type PlainList } from '../../streams/evidence.ts'
import { drop, processor } from '../../streams/processor.ts'
import { hours, type Instant, later } from '../../streams/time.ts'
import { emit } from '../../streams/topic.ts'
import { options } from '../support/pipeline.ts'

const said: PlainList<string> = { name: 'said', codec: json() }
const t = (hour: number) => hours(hour) as Instant

const tell = (of: string, hour: number, what: string) =>
  emit(audits, { occurredAt: t(hour), actor: 'ann', action: what, target: of, detail: null })

/** Says a `late` for every record, and one more when an hour has passed without any. */
const watcher = processor({ name: 'watcher', head: json<{ heard: number }>(), keeps: [said], emits: [lates] })
  .on(audits, (head, kept, event) => {
    const row = heard(said, { ...event, value: event.value.action })
    if (kept.has(row)) return drop('heard before')
    if (event.value.action === 'poison') throw new Error('cannot be handled')
    const n = (head?.heard ?? 0) + 1
    return {
      head: { heard: n },
      put: [row],
      emit: [
        emit(lates, {
          occurredAt: event.occurredAt,
          processor: 'watcher',
          topic: 'audit',
          key: event.value.target,
          ofEventId: event.eventId,
          reason: `heard ${n}`,
        }),
      ],
      wakeAt: later(kept.with([row]).last(said)?.at ?? event.occurredAt, hours(1)),
    }
  })
  .onWake((head, kept, at) => ({
    emit: [
      emit(lates, {
        occurredAt: at,
        processor: 'watcher',
        topic: 'audit',
        key: '',
        ofEventId: '',
        reason: `silent after ${head?.heard ?? 0} of ${kept.all(said).length}`,
      }),
    ],
  }))

const reasons = (driver: Awaited<ReturnType<typeof drive>>) => driver.written(lates).map(e => e.value.reason)

test('a record is handled once, however often it comes', async () => {
  const driver = await drive([watcher], options)
  await driver.feed(tell('a', 1, 'x'), tell('a', 1, 'x'), tell('a', 1, 'y'))
  assert.deepEqual(reasons(driver), ['heard 1', 'heard 2'])
  assert.deepEqual(driver.drops(), { 'watcher: heard before': 1 })
})

test('what was kept survives a restart', async () => {
  const driver = await drive([watcher], options)
  await driver.feed(tell('a', 1, 'x'))
  await driver.restart()
  await driver.feed(tell('a', 1, 'x'), tell('a', 1, 'y'))
  assert.deepEqual(reasons(driver), ['heard 1', 'heard 2'])
})

test('an alarm rings once, at its own time, also after a restart', async () => {
  const driver = await drive([watcher], options)
  await driver.feed(tell('a', 1, 'x'))
  await driver.tick(t(1.5))
  await driver.restart()
  await driver.tick(t(7))
  await driver.tick(t(9))
  assert.deepEqual(reasons(driver), ['heard 1', 'silent after 1 of 1'])
  assert.equal(driver.written(lates).at(-1)?.occurredAt, t(2))
})

test('an alarm that is past when it is set rings at once', async () => {
  const driver = await drive([watcher], options)
  await driver.tick(t(10))
  await driver.feed(tell('a', 1, 'x'))
  assert.deepEqual(reasons(driver), ['heard 1', 'silent after 1 of 1'])
})

test('poison goes to the dead letters, with its bytes, and holds up nobody', async () => {
  const driver = await drive([watcher], options)
  await driver.feed(tell('a', 1, 'x'), tell('a', 1, 'poison'), tell('a', 1, 'y'))
  assert.deepEqual(reasons(driver), ['heard 1', 'heard 2'])
  const [letter] = driver.written(deadLetters)
  assert.equal(letter?.value.reason, 'Error: cannot be handled')
  assert.equal((localWire.open(audits, letter.value.raw, null).value as { action: string }).action, 'poison')
})
