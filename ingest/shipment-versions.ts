/**
 * Which version of a shipment holds, as far as the one who sends a version is told: the read model knows it a second
 * later, and this process remembers what it has itself accepted since. Only the answer depends on it: what a version does is decided
 * by the processors, in any order.
 */
import type { Instant } from '../streams/time.ts'

export interface Version {
  readonly plannedAt: Instant
  /** eventId of the request. */
  readonly contentHash: string
}

/** The version that holds in the read model; undefined: it knows none. */
export type VersionOf = (shipmentId: string) => Promise<Version | undefined>

/** `repeated` and `conflict`: there is nothing to keep. An `older` version is kept: it says who carried the shipment before. */
export type Standing = 'newer' | 'older' | 'repeated' | 'conflict'

export interface ShipmentVersions {
  /**
   * Where a version stands; if it is to be kept, `keep` is called, and it is remembered once that has resolved. Versions of one
   * shipment are taken one at a time.
   */
  take(shipmentId: string, version: Version, keep: (standing: 'newer' | 'older') => Promise<void>): Promise<Standing>
}

export interface VersionsNeeds {
  readonly versionOf: VersionOf
  /** Told when the read model could not be asked: ingest goes on without it. */
  readonly onUnknown: (error: unknown) => void
  readonly rememberAtMost?: number
  readonly waitAtMostMs?: number
}

export function shipmentVersions({
  versionOf,
  onUnknown,
  rememberAtMost = 50_000,
  waitAtMostMs = 1_000,
}: VersionsNeeds): ShipmentVersions {
  /** In the order of use, the oldest first. */
  const remembered = new Map<string, Version>()
  const queues = new Map<string, Promise<unknown>>()

  const remember = (shipmentId: string, version: Version) => {
    remembered.delete(shipmentId)
    remembered.set(shipmentId, version)
    if (remembered.size > rememberAtMost) for (const oldest of remembered.keys()) return void remembered.delete(oldest)
  }

  const holding = async (shipmentId: string): Promise<Version | undefined> => {
    const ours = remembered.get(shipmentId)
    let theirs: Version | undefined
    try {
      theirs = await within(waitAtMostMs, versionOf(shipmentId))
    } catch (error) {
      onUnknown(error)
    }
    return ours && theirs ? (theirs.plannedAt > ours.plannedAt ? theirs : ours) : (ours ?? theirs)
  }

  const take: ShipmentVersions['take'] = async (shipmentId, version, keep) => {
    const held = await holding(shipmentId)
    const standing = standingOf(version, held)
    if (standing === 'newer' || standing === 'older') await keep(standing)
    if (standing === 'newer') remember(shipmentId, version)
    return standing
  }

  return {
    take(shipmentId, version, keep) {
      const before = queues.get(shipmentId) ?? Promise.resolve()
      const turn = before.then(() => take(shipmentId, version, keep))
      const settled = turn
        .catch(() => undefined)
        .then(() => {
          if (queues.get(shipmentId) === settled) queues.delete(shipmentId)
        })
      queues.set(shipmentId, settled)
      return turn
    },
  }
}

function standingOf({ plannedAt, contentHash }: Version, held: Version | undefined): Standing {
  if (!held || plannedAt > held.plannedAt) return 'newer'
  if (plannedAt < held.plannedAt) return 'older'
  return contentHash === held.contentHash ? 'repeated' : 'conflict'
}

function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
