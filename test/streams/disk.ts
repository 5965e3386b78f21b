/** A log in memory that is written to by hand, and engines on it. */
import { localWire } from '../../schemas/codec.ts'
import { deadLetterOf } from '../../schemas/dead-letters.ts'
import { audits, clockTicks, lates } from '../../schemas/topics.ts'
import type { Log } from '../../streams/log/log.ts'
import { Disk, MemoryLog } from '../../streams/log/memory.ts'
import { outgoing } from '../../streams/outgoing.ts'
import type { Engine } from '../../streams/task.ts'
import type { Instant } from '../../streams/time.ts'
import { type AnyTopic, emit, type Emission } from '../../streams/topic.ts'

/** Two kinds of record, told apart by a number. */
export const audit = (n: number, target = 'k') =>
  emit(audits, { occurredAt: n as Instant, actor: 'ann', action: `${n}`, target, detail: null })
export const late = (n: number) =>
  emit(lates, { occurredAt: n as Instant, processor: 'p', topic: 't', key: 'k', ofEventId: `${n}`, reason: 'r' })

export const newDisk = (): Disk => new Disk(() => 1)

export function write(disk: Disk, { topic, value }: Emission<string>): void {
  const said = { source: 'test', emittedAt: null, receivedAt: value.occurredAt, cause: null }
  disk.append([outgoing(localWire, disk.partitionsOf, topic as AnyTopic, value, said)])
}
export const tick = (disk: Disk, occurredAt: Instant): void => write(disk, emit(clockTicks, { occurredAt }))

export const engineOn = (disk: Disk, records = 10, log: Log = new MemoryLog(disk)): Engine => ({
  ...{ log, wire: localWire, clock: clockTicks, deadLetter: deadLetterOf },
  ...{ batch: { records, bytes: 1_000_000 }, liveRows: 100 },
})
