/**
 * A task's state as records of its partition of a compacted topic: one record a row, block or alarm, and one for the
 * checkpoint. Keys are binary: kind, length of the key (u16) and key, length of the list (u8) and list, `at` (i64, big
 * endian), id.
 */
import type { AlarmChange, Checkpoint, StateChange } from '../log.ts'
import type { Instant } from '../../time.ts'
import type { BatchRecord, StoredRecord } from './record-batch.ts'

const [CHECKPOINT, ROW, BLOCK, ALARM] = [0x63, 0x72, 0x62, 0x61]

export interface Changes {
  readonly state: readonly StateChange[]
  readonly alarms: readonly AlarmChange[]
  readonly checkpoint: Checkpoint | undefined
}

export const stateRecord = ({ key, list, at, id, dense, bytes }: StateChange): BatchRecord => ({
  key: changelogKey(dense ? BLOCK : ROW, key, list, at, id),
  value: bytes,
  cause: null,
})

export const alarmRecord = ({ key, at }: AlarmChange): BatchRecord => ({
  key: changelogKey(ALARM, key, '', 0, ''),
  value: at === null ? null : instantBytes(at),
  cause: null,
})

export const checkpointRecord = (checkpoint: Checkpoint): BatchRecord => ({
  key: Buffer.from([CHECKPOINT]),
  value: Buffer.from(JSON.stringify(checkpoint)),
  cause: null,
})

/** What records of a changelog say, in their order. Throws on bytes that are none of a changelog. */
export function changesIn(records: readonly Pick<StoredRecord, 'keyBytes' | 'value' | 'offset'>[]): Changes {
  const state: StateChange[] = []
  const alarms: AlarmChange[] = []
  let checkpoint: Checkpoint | undefined
  for (const { keyBytes, value, offset } of records) {
    if (!keyBytes) throw new Error(`offset ${offset} of a changelog has no key`)
    const kind = keyBytes[0]
    if (kind === CHECKPOINT && value) checkpoint = JSON.parse(value.toString()) as Checkpoint
    else if (kind === ROW || kind === BLOCK) state.push({ ...parseKey(keyBytes), dense: kind === BLOCK, bytes: value })
    else if (kind === ALARM)
      alarms.push({ key: parseKey(keyBytes).key, at: value && (Number(value.readBigInt64BE(0)) as Instant) })
    else throw new Error(`offset ${offset} of a changelog is of no kind that is known`)
  }
  return { state, alarms, checkpoint }
}

function changelogKey(kind: number, key: string, list: string, at: number, id: string): Buffer {
  const keyLength = Buffer.byteLength(key)
  const listLength = Buffer.byteLength(list)
  if (keyLength > 0xff_ff || listLength > 0xff) throw new RangeError(`key or list of a row is too long: ${list}`)
  const bytes = Buffer.allocUnsafe(12 + keyLength + listLength + Buffer.byteLength(id))
  bytes[0] = kind
  bytes.writeUInt16BE(keyLength, 1)
  bytes.write(key, 3)
  bytes[3 + keyLength] = listLength
  bytes.write(list, 4 + keyLength)
  bytes.writeBigInt64BE(BigInt(at), 4 + keyLength + listLength)
  bytes.write(id, 12 + keyLength + listLength)
  return bytes
}

function parseKey(bytes: Buffer): Pick<StateChange, 'key' | 'list' | 'at' | 'id'> {
  const listAt = 4 + bytes.readUInt16BE(1)
  const atAt = listAt + (bytes[listAt - 1] ?? 0)
  return {
    key: bytes.toString('utf8', 3, listAt - 1),
    list: bytes.toString('utf8', listAt, atAt),
    at: Number(bytes.readBigInt64BE(atAt)),
    id: bytes.toString('utf8', atAt + 8),
  }
}

function instantBytes(at: Instant): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigInt64BE(BigInt(at), 0)
  return bytes
}
