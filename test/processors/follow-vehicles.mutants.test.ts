/** A law that nothing can break proves nothing: each of these bugs is planted in the source, and the law must find it. */
import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AnyProcessor } from '../../streams/processor.ts'
import { model } from '../laws/vehicles-model.ts'
import { driver, outcome } from '../laws/trucks.ts'
import { anyOrder } from '../laws/vehicles.ts'

interface Bug {
  readonly in: string
  readonly instead: string
  readonly of: string
}

const bugs: Record<string, Bug> = {
  'ignores what comes late': {
    in: 'processors/follow-vehicles.ts',
    of: 'const newest = newestOf(head, last)',
    instead: "if (last && inOrder(last, place) > 0) return drop('late')\n const newest = newestOf(head, last)",
  },
  'hears a fix twice': {
    in: 'processors/follow-vehicles.ts',
    of: "kept.get(track, eventId, occurredAt)) return drop('heard before')",
    instead: 'kept.get(track, eventId, occurredAt)) void 0',
  },
  'believes the assignment that it heard last': {
    in: 'processors/follow-vehicles.ts',
    of: 'before.revision >= revision',
    instead: 'before.revision === revision',
  },
  'takes what was once from the future for known': {
    in: 'processors/follow-vehicles.ts',
    of: 'const fix = { list: track,',
    instead: "if (foretold) return drop('heard before')\n const fix = { list: track,",
  },
  'forgets which fix is the newest sound one behind doubted ones': {
    in: 'processors/follow-vehicles.ts',
    of: 'return lastNow && isSound(lastNow) ? step',
    instead: 'return lastNow ? step',
  },
  'looks at no fix after a late one': {
    in: 'processors/follow-vehicles.ts',
    of: 'right: sound && inOrder(sound, final) > 0 ?',
    instead: 'right: sound && inOrder(sound, final) > Infinity ?',
  },
  'does not judge the fix before again': { in: 'domain/cleaning.ts', of: 'if (last) {', instead: 'if (!last) {' },
  'does not judge the fix after again': { in: 'domain/cleaning.ts', of: 'if (next) {', instead: 'if (!next) {' },
  'judges by doubted neighbours': {
    in: 'domain/cleaning.ts',
    of: '(value.flags & ~JUMP) === 0',
    instead: '(value.flags & ~JUMP) >= 0',
  },
  'takes the newest fix for sound': {
    in: 'domain/cleaning.ts',
    of: 'here && (on || next === undefined)',
    instead: 'here && on',
  },
  'lets doubted fixes count': { in: 'domain/track.ts', of: 'value.flags === 0', instead: 'value.flags >= 0' },
  'takes ten minutes for less than ten': {
    in: 'domain/visits.ts',
    of: 'visit.first.at - before.last.at < APART_MS',
    instead: 'visit.first.at - before.last.at <= APART_MS',
  },
  'joins no visits over a long silence': {
    in: 'domain/visits.ts',
    of: 'isSame(visit.first, before.next) ||',
    instead: '',
  },
  'keeps the departure that it first saw': {
    in: 'domain/visits.ts',
    of: 'isSame(last.last, left) ? { ...last, next: now[0] ?? right ?? null } : last',
    instead: 'last',
  },
  'loses the rest of a visit that a late fix cuts': {
    in: 'domain/visits.ts',
    of: 'pieces.push(tailOf(lastCut, zone, inside))',
    instead: 'void lastCut',
  },
  'does not split a visit': {
    in: 'domain/visits.ts',
    of: 'pieces.push(headOf(firstCut, zone, inside))',
    instead: 'pieces.push(firstCut)',
  },
  'knows no more of a stay than when it was one': {
    in: 'domain/visits.ts',
    of: 'const visits = upToDate(known, zone)',
    instead: 'const visits = known',
  },
  'takes a stay that goes on for one that has not begun': {
    in: 'domain/visits.ts',
    of: 'last?.next !== null || !isStay(last) ||',
    instead: 'last?.next !== null ||',
  },
  'gives every stop at a place the first stay': {
    in: 'domain/rides.ts',
    of: 'filter(isStay)[nth]',
    instead: 'filter(isStay)[0]',
  },
  'follows an assignment that was taken back': {
    in: 'domain/rides.ts',
    of: 'retracted ? [] : assignment.periods',
    instead: 'assignment.periods',
  },
  'goes on with progress after the last departure': { in: 'domain/rides.ts', of: 'if (at >= end) break', instead: '' },
  'looks only at the fix itself to see whether a stop is near': {
    in: 'domain/sightings.ts',
    of: 'if (left && isInside(fence, left.value)) return true',
    instead: '',
  },
  'takes a fix from outside the period for a neighbour': {
    in: 'domain/sightings.ts',
    of: 'track.left && !isWithin(periods, track.left.at)',
    instead: 'track.left && isWithin(periods, 0)',
  },
  'keeps progress when the last departure moves': {
    in: 'domain/sightings.ts',
    of: 'endNow === end ? [] : [end, endNow]',
    instead: 'endNow !== end ? [] : [end, endNow]',
  },
  'counts the revisions of progress from one again': {
    in: 'domain/sightings.ts',
    of: 'retracted ? -revision : revision',
    instead: 'retracted ? -1 : 1',
  },
  'forgets that progress was taken back': {
    in: 'domain/sightings.ts',
    of: 'revisionOf(draft) < 0',
    instead: 'revisionOf(draft) < -Infinity',
  },
}

const root = new URL('../..', import.meta.url).href
const names = Object.keys(bugs)

/** A module asked for as `…?bug=3` is read with bug 3 in it, and so are the rules that it imports. */
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    const bug = context.parentURL && new URL(context.parentURL).searchParams.get('bug')
    const isRule = resolved.url.startsWith(`${root}domain/`) || resolved.url.startsWith(`${root}processors/`)
    return bug && isRule ? { ...resolved, url: `${resolved.url}?bug=${bug}` } : resolved
  },
  load(url, context, next) {
    const loaded = next(url, context)
    const { pathname, searchParams } = new URL(url)
    const bug = bugs[names[Number(searchParams.get('bug') ?? -1)] ?? '']
    if (!bug || !pathname.endsWith(bug.in)) return loaded
    const source = Buffer.from(loaded.source as Uint8Array).toString()
    const parts = source.split(bug.of)
    assert.ok(parts.length > 1, `${bug.in} no longer says: ${bug.of}`)
    return { ...loaded, source: parts.join(bug.instead) }
  },
})

for (const [i, name] of names.entries()) {
  test(`the law finds a follow-vehicles that ${name}`, async t => {
    const { followVehicles } = (await import(`../../processors/follow-vehicles.ts?bug=${i}`)) as {
      followVehicles: AnyProcessor
    }
    const found = await fc.check(
      fc.asyncProperty(anyOrder, async deliveries => {
        const through = await driver(followVehicles)
        await through.feed(...deliveries)
        assert.deepEqual(outcome(through), model(deliveries))
      }),
      { numRuns: 2_000, seed: 1, endOnFailure: true },
    )
    assert.ok(found.failed)
    t.diagnostic(`${name}: found by day ${found.numRuns}`)
  })
}
