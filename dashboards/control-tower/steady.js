/** Lists that do not move under the hand: while somebody is at one, what is in it stays where it is, and what is new waits. */

import { h } from './dom.js'

const lists = new Map()

/** Whether somebody points into an element, or has the focus in it. */
const isHeld = id => document.getElementById(id)?.matches(':hover, :focus-within') ?? false

/**
 * The items to show in the list of this element, and how many wait to be shown. `keyOf` names an item; `scope` is what was
 * asked for: another one is another list. What is gone is shown as it was last, and `isGone`.
 */
export function steady(id, scope, items, keyOf) {
  const last = lists.get(id)
  if (!last || last.scope !== scope || !isHeld(id)) {
    lists.set(id, { scope, items })
    return { items, news: 0, isGone: () => false }
  }
  const now = new Map(items.map(item => [keyOf(item), item]))
  const kept = last.items.map(item => now.get(keyOf(item)) ?? item)
  const known = new Set(kept.map(keyOf))
  lists.set(id, { scope, items: kept })
  return {
    items: kept,
    news: items.filter(item => !known.has(keyOf(item))).length,
    isGone: item => !now.has(keyOf(item)),
  }
}

/** `3 new`, where a list holds still. */
export const waiting = (news, list, act) =>
  h(
    'div',
    { role: 'status', class: 'waiting', key: 'waiting' },
    news > 0
      ? h(
          'button',
          {
            type: 'button',
            class: 'news',
            onclick: () => {
              lists.delete(list)
              act.draw()
            },
          },
          `${news} new`,
        )
      : null,
  )
