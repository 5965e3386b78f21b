/**
 * Which partition a key belongs to, as Kafka's default partitioner has it: murmur2 over the UTF-8 bytes, seed
 * 0x9747b28c, sign bit cleared, modulo the number of partitions (org.apache.kafka.common.utils.Utils#murmur2).
 */
export function partitionOf(key: string, partitions: number): number {
  return partitions === 1 ? 0 : (murmur2(Buffer.from(key)) & 0x7f_ff_ff_ff) % partitions
}

const M = 0x5b_d1_e9_95

export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  const at = (i: number) => bytes[i] ?? 0
  let h = 0x97_47_b2_8c ^ length
  let i = 0
  for (; i + 4 <= length; i += 4) {
    let k = at(i) | (at(i + 1) << 8) | (at(i + 2) << 16) | (at(i + 3) << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    h = Math.imul(h, M) ^ Math.imul(k, M)
  }
  const rest = length - i
  if (rest === 3) h ^= at(i + 2) << 16
  if (rest >= 2) h ^= at(i + 1) << 8
  if (rest >= 1) h = Math.imul(h ^ at(i), M)
  h ^= h >>> 13
  h = Math.imul(h, M)
  return (h ^ (h >>> 15)) | 0
}
