import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventIdOf } from '../../streams/event.ts'

for (const said of [{ sourceId: '1' }, { content: Buffer.from('1') }])
  test(`what two sources say is never one event, by its ${Object.keys(said).join()}`, () => {
    assert.notEqual(eventIdOf('a', 'topic', said), eventIdOf('b', 'topic', said))
    assert.equal(eventIdOf('a', 'topic', said), eventIdOf('a', 'topic', said))
  })
