/** Part of every derived fact: it may be said again, better, or be taken back. */
export interface Revised {
  readonly revision: number
  readonly retracted: boolean
}

/** A fact as the rules derive it, before anyone was told. */
export type Draft<F extends Revised> = Omit<F, keyof Revised>

/**
 * What to say to a listener who was told `told`, so that it knows `derived` and nothing else: news, corrections and
 * retractions; not a word where nothing changed. Of two drafts with one identity the first counts.
 * `takeBack` says what a fact looks like once it is taken back, if more changes than the flag.
 */
export function corrections<F extends Revised>(
  of: { identityOf(fact: F): string },
  told: readonly F[],
  derived: readonly Draft<F>[],
  takeBack: (fact: F) => F = fact => fact,
): F[] {
  const before = new Map(told.map(fact => [of.identityOf(fact), fact]))
  const now = new Set<string>()
  const said: F[] = []
  for (const draft of derived) {
    const fact = { ...draft, revision: 1, retracted: false } as F
    const identity = of.identityOf(fact)
    if (now.has(identity)) continue
    now.add(identity)
    const last = before.get(identity)
    if (!last) said.push(fact)
    else if (!saysTheSame(last, fact)) said.push({ ...fact, revision: last.revision + 1 })
  }
  for (const fact of told)
    if (!fact.retracted && !now.has(of.identityOf(fact)))
      said.push({ ...takeBack(fact), revision: fact.revision + 1, retracted: true })
  return said
}

/** Of a derived fact the highest revision holds: anything else was heard before, or comes too late. */
export const isNews = (news: Revised, last: Revised | undefined): boolean =>
  last === undefined || news.revision > last.revision

const saysTheSame = (a: Revised, b: Revised): boolean => {
  for (const name in b)
    if (name !== 'revision' && !same(b[name as keyof Revised], a[name as keyof Revised])) return false
  return true
}

/** Plain data with plain data. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>]
  const names = Object.keys(x)
  return names.length === Object.keys(y).length && names.every(name => name in y && same(x[name], y[name]))
}
