/** Record batches: held against the client's codec both ways, against bytes that Kafka's Java clients and its cleaner wrote, and damaged. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32c, createRecordsBatch, NumericMap, Reader, readRecordsBatches } from '@platformatic/kafka'
import fc from 'fast-check'
import {
  batchesIn,
  type BatchOptions,
  type BatchRecord,
  type Compression,
  encodeBatch,
  splitBySize,
  type StoredRecord,
} from '../../../../streams/log/kafka/record-batch.ts'
import { Cursor, putVarint, sizeOfVarint } from '../../../../streams/log/kafka/record-fields.ts'
import { LogRefused } from '../../../../streams/log/log.ts'

const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const HEAD = 61
const PLAIN: BatchOptions = {
  producerId: -1n,
  producerEpoch: -1,
  firstSequence: -1,
  transactional: false,
  timestampMs: 1_760_000_000_000,
  compression: 'none',
}
const CAUSE = '000102030405060708090a0b0c0d0e0f'

const bytes = fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array))
const keys = fc.oneof(
  bytes,
  fc.string({ unit: 'binary', maxLength: 40 }).map(text => Buffer.from(text)),
)
const causes = fc.stringMatching(/^[0-9a-f]{32}$/)
const records: fc.Arbitrary<BatchRecord> = fc.record({
  key: fc.option(keys),
  value: fc.option(fc.oneof({ weight: 9, arbitrary: bytes }, { weight: 1, arbitrary: sized(20_000) })),
  cause: fc.option(causes),
})
const runs = fc.array(records, { minLength: 1, maxLength: 200 })
const optionsOf = (compression: Compression): fc.Arbitrary<BatchOptions> =>
  fc.record({
    producerId: fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }),
    producerEpoch: fc.integer({ min: -1, max: 2 ** 15 - 1 }),
    firstSequence: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
    transactional: fc.boolean(),
    timestampMs: fc.integer({ min: 0, max: 8.64e15 }),
    compression: fc.constant(compression),
  })

function sized(maxBytes: number): fc.Arbitrary<Buffer> {
  return fc.integer({ min: 0, max: maxBytes }).map(size => Buffer.alloc(size, 'some words again and again '))
}

const record = (key: string | null, value: string | null, cause: string | null = null): BatchRecord => ({
  key: key === null ? null : Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  cause,
})
const numbered = (count: number): BatchRecord[] => Array.from({ length: count }, (_, i) => record(`key ${i}`, `${i}`))

/** All that a record says, in plain values. */
const told = ({ offset, timestampMs, keyBytes, value, cause }: StoredRecord) => ({
  ...{ offset, timestampMs, cause },
  key: keyBytes && keyBytes.toString('hex'),
  value: value && value.toString('hex'),
})
const expected = (written: readonly BatchRecord[], timestampMs: number) =>
  written.map(({ key, value, cause }, offset) => ({
    ...{ offset, timestampMs, cause },
    key: key && Buffer.from(key).toString('hex'),
    value: value && Buffer.from(value).toString('hex'),
  }))
const readAll = (buffer: Buffer): StoredRecord[] => batchesIn(buffer).flatMap(batch => batch.records())
const only = <T>(list: readonly T[]): T => {
  assert.equal(list.length, 1)
  return list[0] as T
}

/** What the client would send for the same records. */
function encodedByClient(written: readonly BatchRecord[], options: BatchOptions): Buffer {
  const sequences = new NumericMap()
  sequences.set('t:0', options.firstSequence)
  const messages = written.map(({ key, value, cause }) => ({
    ...{ topic: 't', partition: 0, timestamp: BigInt(options.timestampMs) },
    key: key as Buffer,
    value: value as Buffer,
    headers: new Map(cause === null ? [] : [[Buffer.from('cause'), Buffer.from(cause, 'hex')]]),
  }))
  const { producerId, producerEpoch, transactional, compression } = options
  const transactionalId = transactional ? 'someone' : null
  return createRecordsBatch(messages, {
    ...{ producerId, producerEpoch, transactionalId, compression, sequences },
    partitionLeaderEpoch: -1,
  }).buffer
}

/** A batch with bytes written over, and a checksum that is right again. */
function altered(batch: Buffer, alter: (batch: Buffer) => void): Buffer {
  const copy = Buffer.from(batch)
  alter(copy)
  return resealed(copy)
}
function resealed(batch: Buffer): Buffer {
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}
const refusal = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof LogRefused, String(error))
  assert.match(error.message, message)
  return true
}

for (const compression of COMPRESSIONS)
  describe(`compression ${compression}`, () => {
    const options = optionsOf(compression)

    test('a batch is byte for byte what the client makes of the same records', () => {
      fc.assert(
        fc.property(runs, options, (written, how) => {
          assert.deepEqual(encodeBatch(written, how), encodedByClient(written, how))
        }),
        { numRuns: 60 },
      )
    })

    test('the client reads what we write', () => {
      fc.assert(
        fc.property(runs, options, (written, how) => {
          const batch = only(readRecordsBatches(Reader.from(encodeBatch(written, how))))
          assert.deepEqual(
            batch.records.map(({ key, value, headers }) => ({ key, value, headers })),
            written.map(({ key, value, cause }) => ({
              ...{ key, value },
              headers: cause === null ? [] : [[Buffer.from('cause'), Buffer.from(cause, 'hex')]],
            })),
          )
          assert.equal(batch.firstOffset, 0n)
          assert.equal(batch.lastOffsetDelta, written.length - 1)
          assert.equal(batch.firstTimestamp, BigInt(how.timestampMs))
          assert.equal(batch.producerId, how.producerId)
          assert.equal(batch.producerEpoch, how.producerEpoch)
          assert.equal(batch.firstSequence, how.firstSequence)
        }),
        { numRuns: 60 },
      )
    })

    test('we read what the client writes: other headers are passed over, each record has its own time', () => {
      const headers = fc.array(fc.tuple(bytes, bytes), { maxLength: 3 })
      // Further apart than 31 bits the client writes another time than it was given.
      const times = fc.integer({ min: PLAIN.timestampMs, max: PLAIN.timestampMs + 2 ** 31 - 1 })
      fc.assert(
        fc.property(fc.array(fc.tuple(records, headers, times), { minLength: 1 }), messages => {
          const batch = createRecordsBatch(
            messages.map(([{ key, value, cause }, others, time]) => ({
              ...{ topic: 't', key: key as Buffer, value: value as Buffer, timestamp: BigInt(time) },
              headers: new Map([
                ...others,
                ...(cause === null ? [] : [[Buffer.from('cause'), Buffer.from(cause, 'hex')] as const]),
                ...others.map(([name, value]) => [Buffer.from(name), value] as const),
              ]),
            })),
            { compression },
          ).buffer
          const written = messages.map(([message]) => message)
          assert.deepEqual(
            readAll(batch).map(told),
            expected(written, 0).map((one, i) => ({ ...one, timestampMs: messages[i]?.[2] })),
          )
          assert.equal(only(batchesIn(batch)).maxTimestampMs, Math.max(...messages.map(([, , time]) => time)))
        }),
        { numRuns: 60 },
      )
    })

    test('we read what we write, and what the head says', () => {
      fc.assert(
        fc.property(runs, options, (written, how) => {
          const encoded = encodeBatch(written, how)
          const batch = only(batchesIn(encoded))
          assert.deepEqual(batch.records().map(told), expected(written, how.timestampMs))
          assert.deepEqual(batch.records().map(told), expected(written, how.timestampMs), 'a second time')
          const { baseOffset, lastOffset, producerId, transactional, control, recordCount, sizeBytes } = batch
          assert.deepEqual(
            { baseOffset, lastOffset, producerId, transactional, control, recordCount, sizeBytes },
            {
              ...{ baseOffset: 0, lastOffset: written.length - 1, producerId: how.producerId, control: null },
              ...{ transactional: how.transactional, recordCount: written.length, sizeBytes: encoded.length },
            },
          )
        }),
        { numRuns: 60 },
      )
    })

    test('large values and many records come back', () => {
      const large = [record('large', 'x'.repeat(3_000_000), CAUSE), ...numbered(20_000)]
      assert.deepEqual(
        readAll(encodeBatch(large, { ...PLAIN, compression })).map(told),
        expected(large, PLAIN.timestampMs),
      )
    })

    test('content that is no records, under a checksum that is right, is refused', () => {
      const batch = altered(encodeBatch(numbered(50), { ...PLAIN, compression }), copy => copy.fill(0xee, HEAD))
      assert.throws(
        () => readAll(batch),
        refusal(/^record batch at byte 0 of \d+, offset 0, can't be (read|decompressed)/),
      )
    })
  })

test('numbers of each size take the bytes that were reckoned, and come back', () => {
  const edges = [6, 7, 13, 14, 20, 21, 27, 28, 30].flatMap(bits => [
    2 ** bits - 1,
    2 ** bits,
    -(2 ** bits),
    -(2 ** bits) - 1,
  ])
  const out = Buffer.alloc(5)
  for (const n of [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), ...edges]) {
    assert.equal(putVarint(out, 0, n), sizeOfVarint(n), `${n}`)
    assert.equal(new Cursor(out, 0).varint(), n)
  }
})

test('times may be years apart in a batch', () => {
  const safe = fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 })
  fc.assert(
    fc.property(safe, n => {
      let rest = (BigInt(n) << 1n) ^ (BigInt(n) >> 63n)
      const varlong: number[] = []
      for (; rest > 0x7fn; rest >>= 7n) varlong.push(Number(rest & 0x7fn) | 0x80)
      varlong.push(Number(rest))
      const cursor = new Cursor(Buffer.from(varlong), 0)
      assert.equal(cursor.varlong(), n)
      assert.equal(cursor.at, varlong.length)
    }),
    { examples: [0, -1, 1, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 52 - 1, -(2 ** 52)].map(n => [n]) },
  )
})

test('keys are UTF-8, and a record without one has an empty key and no bytes of it', () => {
  const texts = ['', 'plain', 'Größe', '漢字', '🚚 truck', '\u0000']
  const read = readAll(encodeBatch([...texts.map(text => record(text, null)), record(null, null)], PLAIN))
  assert.deepEqual(
    read.map(({ key }) => key),
    [...texts, ''],
  )
  assert.deepEqual(
    read.map(({ keyBytes }) => keyBytes?.toString() ?? null),
    [...texts, null],
  )
})

test('a value that is empty is not a tombstone', () => {
  const read = readAll(encodeBatch([record('a', ''), record('a', null)], PLAIN))
  assert.deepEqual(
    read.map(({ value }) => value),
    [Buffer.alloc(0), null],
  )
})

test('keys and values are views of the answer, not copies', () => {
  const answer = encodeBatch([record('key', 'value')], PLAIN)
  const { keyBytes, value } = only(readAll(answer))
  answer.fill('v', answer.indexOf('value'), answer.indexOf('value') + 5)
  answer.fill('k', answer.indexOf('key'), answer.indexOf('key') + 3)
  assert.equal(value?.toString(), 'vvvvv')
  assert.equal(keyBytes?.toString(), 'kkk')
})

test('a header called cause that is not 16 bytes is none of ours', () => {
  const headers = [
    [Buffer.from('cause'), Buffer.alloc(15)],
    [Buffer.from('causes'), Buffer.alloc(16)],
    [Buffer.from('kause'), Buffer.alloc(16)],
  ] as const
  const message = { topic: 't', value: Buffer.from('x'), headers: new Map(headers) }
  assert.equal(only(readAll(createRecordsBatch([message]).buffer)).cause, null)
})

test('what would be no batch is not encoded', () => {
  assert.throws(() => encodeBatch([], PLAIN), RangeError)
  for (const cause of ['', 'ab', CAUSE.slice(1), `${CAUSE}00`, `${CAUSE.slice(1)}g`, `${CAUSE.slice(2)}é`])
    assert.throws(() => encodeBatch([record('a', 'b', cause)], PLAIN), /RangeError: cause is not 16 bytes in hex/)
})

describe('split by size', () => {
  const bounds = fc.integer({ min: 1, max: 3_000 })

  test('all records are there, in order, and each run is a batch within the bound or a single record', () => {
    fc.assert(
      fc.property(fc.array(records), bounds, (written, maxBytes) => {
        const split = splitBySize(written, maxBytes)
        assert.deepEqual(split.flat(), written)
        for (const run of split) {
          assert.ok(run.length > 0)
          assert.ok(run.length === 1 || encodeBatch(run, PLAIN).length <= maxBytes)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('no run could have taken the record after it', () => {
    fc.assert(
      fc.property(fc.array(records), bounds, (written, maxBytes) => {
        const split = splitBySize(written, maxBytes)
        for (const [i, run] of split.entries()) {
          const [next] = split[i + 1] ?? []
          if (next) assert.ok(encodeBatch([...run, next], PLAIN).length > maxBytes)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('also where numbers of records take more bytes', () => {
    const many = numbered(30_000)
    const size = encodeBatch(many, PLAIN).length
    assert.equal(splitBySize(many, size).length, 1)
    assert.equal(splitBySize(many, size - 1).length, 2)
  })
})

describe('a fetch response', () => {
  const batches = COMPRESSIONS.map(compression => encodeBatch(numbered(3), { ...PLAIN, compression }))
  let offset = 2 ** 40
  for (const batch of batches) {
    batch.writeBigInt64BE(BigInt(offset), 0)
    offset += 3
  }
  const answer = Buffer.concat(batches)
  const ends = batches.map((_, i) => Buffer.concat(batches.slice(0, i + 1)).length)

  test('has its batches one after the other, with offsets beyond 32 bits', () => {
    assert.deepEqual(
      readAll(answer).map(one => one.offset),
      Array.from({ length: 15 }, (_, i) => 2 ** 40 + i),
    )
    assert.equal(batchesIn(answer).at(-1)?.lastOffset, 2 ** 40 + 14)
  })

  test('may be cut anywhere: the batches before the cut are read', () => {
    for (let cut = 0; cut <= answer.length; cut++)
      assert.equal(batchesIn(answer.subarray(0, cut)).length, ends.filter(end => end <= cut).length)
  })

  test('may begin anywhere in its memory', () => {
    const elsewhere = Buffer.concat([Buffer.alloc(7, 1), answer, Buffer.alloc(9, 1)]).subarray(7, 7 + answer.length)
    assert.deepEqual(readAll(elsewhere).map(told), readAll(answer).map(told))
  })

  test('that is empty has none', () => {
    assert.deepEqual(batchesIn(Buffer.alloc(0)), [])
  })

  test('that is damaged in any bit under the checksum is refused, and the error says where', () => {
    const damaged = Buffer.concat([answer, batches[0] as Buffer])
    for (let at = answer.length + 17; at < damaged.length; at++) {
      const bit = 1 << (at % 8)
      damaged.writeUInt8(damaged.readUInt8(at) ^ bit, at)
      const where = `^record batch at byte ${answer.length} of ${damaged.length}, offset ${2 ** 40}, is damaged`
      assert.throws(() => batchesIn(damaged), refusal(new RegExp(where)))
      damaged.writeUInt8(damaged.readUInt8(at) ^ bit, at)
    }
  })

  test('of another magic is refused, also where it is cut', () => {
    for (const magic of [0, 1, 3]) {
      const old = Buffer.from(batches[0] as Buffer)
      old[16] = magic
      assert.throws(() => batchesIn(old), refusal(new RegExp(`^record batch at byte 0 .* magic ${magic}: only 2`)))
      assert.throws(() => batchesIn(old.subarray(0, 17)), refusal(/magic/))
    }
  })

  test('with a length that no batch has is refused', () => {
    for (const length of [-1, 0, 48]) {
      const short = Buffer.from(batches[0] as Buffer)
      short.writeInt32BE(length, 8)
      assert.throws(() => batchesIn(short), refusal(/says that it has/))
    }
  })

  test('with an offset that a number cannot hold is refused', () => {
    for (const base of [-1n, 2n ** 53n, 2n ** 53n - 2n, 2n ** 63n - 1n]) {
      const far = Buffer.from(batches[0] as Buffer)
      far.writeBigInt64BE(base, 0)
      assert.throws(() => batchesIn(far), refusal(/impossible offset/))
    }
  })
})

describe('what compaction leaves', () => {
  const batch = encodeBatch(numbered(5), PLAIN)

  test('a batch whose last record is gone still ends where it ended', () => {
    const longer = only(batchesIn(altered(batch, copy => copy.writeInt32BE(9, 23))))
    assert.equal(longer.lastOffset, 9)
    assert.equal(longer.records().at(-1)?.offset, 4)
  })

  test('a batch of no records has none, whatever its compression was', () => {
    for (const attributes of [0, 1, 2, 3, 4, 0x10]) {
      const empty = altered(batch.subarray(0, HEAD), copy => {
        copy.writeInt16BE(attributes, 21)
        copy.writeInt32BE(0, 57)
      })
      const read = only(batchesIn(empty))
      assert.deepEqual([read.records(), read.recordCount, read.lastOffset, read.control], [[], 0, 4, null])
    }
  })
})

describe('bytes that are no records, under a checksum that is right', () => {
  const batch = encodeBatch(numbered(5), PLAIN)
  const cases: readonly (readonly [name: string, alter: (copy: Buffer) => void, message: RegExp])[] = [
    ['more records than offsets', copy => copy.writeInt32BE(6, 57), /says that it has 6 records up to offset 4/],
    ['fewer than no records', copy => copy.writeInt32BE(-1, 57), /says that it has -1 records/],
    [
      'an end before its beginning',
      copy => {
        copy.writeInt32BE(-1, 23)
        copy.writeInt32BE(0, 57)
      },
      /says that it has 0 records up to offset -1/,
    ],
    ['a record less than it says', copy => copy.writeInt32BE(4, 57), /record 5 of 4, byte \d+: bytes are left over/],
    ['a record that ends too late', copy => copy.writeUInt8(copy.readUInt8(HEAD) - 2, HEAD), /record 1 of 5.*ends 1/],
    ['a record that ends too early', copy => copy.writeUInt8(copy.readUInt8(HEAD) + 2, HEAD), /record 1 of 5.*ends -1/],
    ['an offset behind its end', copy => copy.writeUInt8(2 * 5, HEAD + 3), /offset 5 is not one of 0 to 4/],
    ['an offset before its beginning', copy => copy.writeUInt8(1, HEAD + 3), /offset -1 is not one of 0 to 4/],
    ['a key of less than nothing', copy => copy.writeUInt8(3, HEAD + 4), /a length of -2/],
    ['a key longer than all', copy => copy.fill('feff7f', HEAD + 4, HEAD + 7, 'hex'), /record 1 of 5.*cut short/],
    ['an endless number', copy => copy.fill(0xff, HEAD, HEAD + 9), /a varint of more than 5 bytes/],
    ['an endless time', copy => copy.fill(0xff, HEAD + 2, HEAD + 12), /a varint of more than 53 bits/],
    ['an unknown compression', copy => copy.writeInt16BE(5, 21), /compressed in a way that is not known: 5/],
  ]
  for (const [name, alter, message] of cases)
    test(`${name}: refused`, () => {
      assert.throws(() => readAll(altered(batch, alter)), refusal(message))
    })

  test('a batch that misses a record says which', () => {
    const longer = altered(batch, copy => {
      copy.writeInt32BE(9, 23)
      copy.writeInt32BE(6, 57)
    })
    assert.throws(() => readAll(longer), refusal(/at record 6 of 6, byte \d+: cut short/))
  })

  test('a header longer than all is cut short', () => {
    const one = encodeBatch([record('a', 'b', CAUSE)], PLAIN)
    const longer = altered(one, copy => copy.writeUInt8(2 * 17, copy.length - 17))
    assert.throws(() => readAll(longer), refusal(/record 1 of 1, byte \d+: cut short/))
  })

  test('offsets that do not rise are refused', () => {
    const twice = altered(batch, copy => copy.copy(copy, HEAD, HEAD + 13, HEAD + 26))
    assert.throws(() => readAll(twice), refusal(/record 2 of 5, byte \d+: offset 1 is not one of 2 to 4/))
  })

  test('whatever they are, they are read or refused', () => {
    for (const compression of ['none', 'gzip', 'zstd'] as const) {
      const whole = encodeBatch(
        numbered(40).map(one => ({ ...one, cause: CAUSE })),
        { ...PLAIN, compression },
      )
      const place = fc.integer({ min: 21, max: whole.length - 1 })
      fc.assert(
        fc.property(fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 4 }), changes => {
          const odd = altered(whole, copy => changes.forEach(([at, byte]) => copy.writeUInt8(byte, at)))
          // Attributes may say lz4 or snappy, whose own errors are no part of this.
          odd[22] = whole.readUInt8(22)
          try {
            readAll(resealed(odd)).map(told)
          } catch (error) {
            assert.ok(error instanceof LogRefused, String(error))
          }
        }),
        { numRuns: 1_000 },
      )
    }
  })
})

/** Written by Kafka 4.3.1 and its Java producer: a record with a cause and other headers, one of nothing, a tombstone. */
const FROM_JAVA: Readonly<Record<Compression, string>> = {
  none:
    'AAAAAAAAAAAAAAD0AAAAAALEfH/FAAAAAAACAAABmcgswAAAAAGZyCzB9AAAAAAAAAAAAAAAAAAAAAAAA74BAAAADkdyw7bDn2U+' +
    'b25lIG9uZSBvbmUgb25lIG9uZSBvbmUgb25lIG9uZQYWdHJhY2VwYXJlbnQMMDAtYWJjDm5vdGhpbmcBCmNhdXNlIBAREhMUFRYX' +
    'GBkaGxwdHh9GAOgHAgEABBZ0cmFjZXBhcmVudAwwMC1hYmMObm90aGluZwF6AM8PBAZrZXkBBhZ0cmFjZXBhcmVudAwwMC1hYmMO' +
    'bm90aGluZwEKY2F1c2UgICEiIyQlJicoKSorLC0uLw==',
  gzip:
    'AAAAAAAAAAAAAAC0AAAAAALByOULAAEAAAACAAABmcgswAAAAAGZyCzB9AAAAAAAAAACAAAAAAAAAAAAAx+LCAAAAAAAAP/bx8jA' +
    'wMDnXnR42+H5qXb5eakKeDCbWElRYnJqQWJRal4Jj4GBbmJSMl9efklGZl46I1dyYmlxqoKAoJCwiKiYuISklLSMrJy8G8MLdiZG' +
    'BhZ8WqsYzvOzsGWnVjISY4OCopKyiqqauoamlraOrp4+AB6aYfHDAAAA',
  snappy:
    'AAAAAAAAAAAAAAC+AAAAAAI4+awlAAIAAAACAAABmcgswAAAAAGZyCzB9AAAAAAAAAAEAAAAAAAAAAAAA4JTTkFQUFkAAAAAAQAA' +
    'AAEAAAB5wwFEvgEAAAAOR3LDtsOfZT5vbmUgagQA8DwGFnRyYWNlcGFyZW50DDAwLWFiYw5ub3RoaW5nAQpjYXVzZSAQERITFBUW' +
    'FxgZGhscHR4fRgDoBwIBAAQWajsAJHoAzw8EBmtleQGOYgA8ICEiIyQlJicoKSorLC0uLw==',
  lz4:
    'AAAAAAAAAAAAAAC4AAAAAAJwb2ILAAMAAAACAAABmcgswAAAAAGZyCzB9AAAAAAAAAAGAAAAAAAAAAAAAwQiTRhgQIJ4AAAA/wO+' +
    'AQAAAA5HcsO2w59lPm9uZSAEAAj/LQYWdHJhY2VwYXJlbnQMMDAtYWJjDm5vdGhpbmcBCmNhdXNlIBAREhMUFRYXGBkaGxwdHh9G' +
    'AOgHAgEABDsACa96AM8PBAZrZXkBYgAR8AEgISIjJCUmJygpKissLS4vAAAAAA==',
  zstd:
    'AAAAAAAAAAAAAACyAAAAAAK84ehMAAQAAAACAAABmcgswAAAAAGZyCzB9AAAAAAAAAAIAAAAAAAAAAAAAyi1L/0AWKwDAIQGvgEA' +
    'AAAOR3LDtsOfZT5vbmUgBhZ0cmFjZXBhcmVudAwwMC1hYmMObm90aGluZwEKY2F1c2UgEBESExQVFhcYGRobHB0eH0YA6AcCAQAE' +
    'egDPDwQGa2V5ASAhIiMkJSYnKCkqKywtLi8DAMtAIvaKgQ5dGAEAAA==',
}
/** A transaction that was committed and one that was aborted, each with its marker. */
const TRANSACTIONS =
  'AAAAAAAAAAAAAAB2AAAAAAKmuvasABAAAAAAAAABmcgswAAAAAGZyCzAAAAAAAAAAAALAAAAAAAAAAAAAYYBAAAAAmESY29tbWl0' +
  'dGVkBhZ0cmFjZXBhcmVudAwwMC1hYmMObm90aGluZwEKY2F1c2UgMDEyMzQ1Njc4OTo7PD0+PwAAAAAAAAABAAAAQgAAAAACg38N' +
  'EwAwAAAAAAAAAaIJfXMlAAABogl9cyUAAAAAAAAACwAB/////wAAAAEgAAAACAAAAAEMAAAAAAAAAAAAAAAAAAACAAAAdAAAAAAC' +
  'iNLKBgAQAAAAAAAAAZnILMAAAAABmcgswAAAAAAAAAAACwABAAAAAAAAAAGCAQAAAAJhDmFib3J0ZWQGFnRyYWNlcGFyZW50DDAw' +
  'LWFiYw5ub3RoaW5nAQpjYXVzZSAwMTIzNDU2Nzg5Ojs8PT4/AAAAAAAAAAMAAABCAAAAAAJcHHrVADAAAAAAAAABogl9c1gAAAGi' +
  'CX1zWAAAAAAAAAALAAL/////AAAAASAAAAAIAAAAAAwAAAAAAAAA'
/**
 * What the cleaner left of a compacted topic: two markers without their records, a batch of ten that keeps its last four,
 * their times given in distance to when a tombstone among them goes (KIP-534), and a marker.
 */
const COMPACTED =
  'AAAAAAAAAAoAAAAxAAAAAAKsEIe+ADAAAAAA//////////8AAAGiCX10LgAAAAAAAAAMAAH/////AAAAAAAAAAAAAAAVAAAAMQAA' +
  'AAACuxerRAAwAAAAAP//////////AAABogl9epYAAAAAAAAADQAB/////wAAAAAAAAAAAAAAFgAAAUEAAAAAAv6OxEMAUAAAAAkA' +
  'AAGiCX2FtwAAAXSHboAJAAAAAAAAAA4AAAAAAAAAAAAEhAEA4Zb4oLALDARrNgR2MgYWdHJhY2VwYXJlbnQMMDAtYWJjDm5vdGhp' +
  'bmcBCmNhdXNlIGBhYmNkZWZnaGlqa2xtbm+EAQDflvigsAsOBGs3BHYyBhZ0cmFjZXBhcmVudAwwMC1hYmMObm90aGluZwEKY2F1' +
  'c2UgcHFyc3R1dnd4eXp7fH1+f4QBAN2W+KCwCxAEazgEdjIGFnRyYWNlcGFyZW50DDAwLWFiYw5ub3RoaW5nAQpjYXVzZSCAgYKD' +
  'hIWGh4iJiouMjY6PhAEA25b4oLALEgRrOQR2MgYWdHJhY2VwYXJlbnQMMDAtYWJjDm5vdGhpbmcBCmNhdXNlIJCRkpOUlZaXmJma' +
  'm5ydnp8AAAAAAAAAIAAAAEIAAAAAAgfQI6QAMAAAAAAAAAGiCX2A8wAAAaIJfYDzAAAAAAAAAA4AAf////8AAAABIAAAAAgAAAAB' +
  'DAAAAAAAAAA='
/** Two records of a topic whose times are those of the broker. */
const APPEND_TIME =
  'AAAAAAAAAAAAAACpAAAAAAIRbdt+AAgAAAABAAAAAAAAAAEAAAGiCX1xogAAAAAAAAAKAAAAAAAAAAAAAnYAAAACYQJiBhZ0cmFj' +
  'ZXBhcmVudAwwMC1hYmMObm90aGluZwEKY2F1c2UgMDEyMzQ1Njc4OTo7PD0+P3YACAICYQJiBhZ0cmFjZXBhcmVudAwwMC1hYmMO' +
  'bm90aGluZwEKY2F1c2UgMDEyMzQ1Njc4OTo7PD0+Pw=='

describe('bytes of Kafka and its Java clients', () => {
  const from = (base64: string) => Buffer.from(base64, 'base64')

  for (const compression of COMPRESSIONS)
    test(`a Java producer's records, ${compression}`, () => {
      const written = [
        record('Größe', 'one one one one one one one one', '101112131415161718191a1b1c1d1e1f'),
        record(null, ''),
        record('key', null, '202122232425262728292a2b2c2d2e2f'),
      ]
      const times = [1_760_000_000_000, 1_760_000_000_500, 1_759_999_999_000]
      assert.deepEqual(
        readAll(from(FROM_JAVA[compression])).map(told),
        expected(written, 0).map((one, i) => ({ ...one, timestampMs: times[i] })),
      )
    })

  test('markers say what became of a transaction', () => {
    const batches = batchesIn(from(TRANSACTIONS))
    assert.deepEqual(
      batches.map(({ control, transactional, producerId }) => ({ control, transactional, producerId })),
      [null, 'commit', null, 'abort'].map(control => ({ control, transactional: true, producerId: 11n })),
    )
    assert.deepEqual(
      [batches[0], batches[2]].map(batch => batch?.records()[0]?.value?.toString()),
      ['committed', 'aborted'],
    )
  })

  test('a marker of a kind that is not known says nothing', () => {
    const [data, marker] = batchesIn(from(TRANSACTIONS))
    assert.ok(data && marker)
    const batch = from(TRANSACTIONS).subarray(data.sizeBytes, data.sizeBytes + marker.sizeBytes)
    assert.equal(only(batchesIn(batch)).control, 'commit')
    const other = altered(batch, copy => copy.writeInt16BE(2, HEAD + 7))
    assert.equal(only(batchesIn(other)).control, 'other')
  })

  test('a compacted topic', () => {
    const batches = batchesIn(from(COMPACTED))
    assert.deepEqual(
      batches.map(({ baseOffset, lastOffset, recordCount, control }) => [baseOffset, lastOffset, recordCount, control]),
      [
        [10, 10, 0, 'other'],
        [21, 21, 0, 'other'],
        [22, 31, 4, null],
        [32, 32, 1, 'commit'],
      ],
    )
    assert.deepEqual(
      batches[2]?.records().map(({ offset, timestampMs, key }) => [offset, timestampMs, key]),
      [6, 7, 8, 9].map(i => [22 + i, 1_600_000_000_000 + i, `k${i}`]),
    )
  })

  test('where the broker gives the time, all records have it', () => {
    const batch = only(batchesIn(from(APPEND_TIME)))
    assert.deepEqual(
      batch.records().map(({ timestampMs }) => timestampMs),
      [1_795_455_545_762, 1_795_455_545_762],
    )
    assert.equal(batch.maxTimestampMs, 1_795_455_545_762)
  })
})
