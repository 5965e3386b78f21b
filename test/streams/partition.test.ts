import assert from 'node:assert/strict'
import { test } from 'node:test'
import { murmur2, partitionOf } from '../../streams/partition.ts'

// The values that Kafka's own test has (org.apache.kafka.common.utils.UtilsTest#testMurmur2).
const KAFKAS: Readonly<Record<string, number>> = {
  '21': -973_932_308,
  foobar: -790_332_482,
  'a-little-bit-long-string': -985_981_536,
  'a-little-bit-longer-string': -1_486_304_829,
  lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58_897_971,
  abc: 479_470_107,
}

test('a key has the hash and the partition that Kafka gives it', () => {
  for (const [key, hash] of Object.entries(KAFKAS)) {
    assert.equal(murmur2(Buffer.from(key)), hash, key)
    assert.equal(partitionOf(key, 7), (hash & 0x7f_ff_ff_ff) % 7, key)
  }
})
