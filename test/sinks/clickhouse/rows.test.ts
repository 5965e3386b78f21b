/** The encoder of rows against the engine that reads them. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { connect } from '../../../sinks/clickhouse/client.ts'
import { rowEncoder } from '../../../sinks/clickhouse/rows.ts'
import { currentSchema } from '../../../schemas/registry.ts'
import { password, running } from './support.ts'

const gateway = await running()

test('rows of any content come back from ClickHouse as they went', async () => {
  const ours = connect({ url: gateway.url, user: 'milepost', password })
  after(() => ours.close())
  await ours.command(
    "CREATE TABLE late_copy (event_id FixedString(32), source String, emitted_at Nullable(DateTime64(3, 'UTC')), received_at DateTime64(3, 'UTC'), occurred_at DateTime64(3, 'UTC'), processor String, topic String, key String, of_event_id String, reason String) ENGINE = MergeTree ORDER BY key",
  )
  const encode = rowEncoder(currentSchema('late.v1').schema)
  const texts = [
    '',
    'a',
    'ü€😀',
    'x'.repeat(63),
    'x'.repeat(64),
    'ü'.repeat(63),
    'y'.repeat(200),
    'z'.repeat(20_000),
    '\n\n;\0\u2028"\'`',
  ]
  const times = [0, 1, -1, 999, 1.7e12, 4_102_444_800_000, -2_208_988_800_000]
  const events = texts.flatMap((text, index) =>
    times.map((time, other) => ({
      ...{
        eventId: `${index}`.padStart(16, '0') + `${other}`.padStart(16, 'f'),
        source: text,
        emittedAt: other % 2 === 0 ? null : time,
      },
      ...{ receivedAt: time, occurredAt: time, cause: null },
      value: { occurredAt: time, processor: 'p', topic: text, key: text, ofEventId: '', reason: text },
    })),
  )
  await ours.insert('late_copy', encode(events as never), { token: 'all' })
  const stored = await ours.query<Record<string, string | null>>(
    'SELECT * REPLACE (toUnixTimestamp64Milli(received_at) AS received_at, toUnixTimestamp64Milli(occurred_at) AS occurred_at, if(emitted_at IS NULL, NULL, toUnixTimestamp64Milli(assumeNotNull(emitted_at))) AS emitted_at) FROM late_copy ORDER BY event_id',
  )
  const expected = events.map(({ eventId, source, emittedAt, receivedAt, value }) => ({
    ...{
      event_id: eventId,
      source,
      emitted_at: emittedAt === null ? null : String(emittedAt),
      received_at: String(receivedAt),
    },
    ...{
      occurred_at: String(value.occurredAt),
      processor: 'p',
      topic: source,
      key: source,
      of_event_id: '',
      reason: source,
    },
  }))
  assert.deepEqual(
    stored,
    expected.sort((a, b) => (a.event_id < b.event_id ? -1 : 1)),
  )
})
