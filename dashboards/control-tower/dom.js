/**
 * Views describe what there is to see with `h`; `render` changes the document as little as it takes, so that polling
 * moves no focus, closes nothing that was opened and empties no field.
 */

export const h = (tag, props, ...children) => ({
  tag,
  props: props ?? {},
  children: children
    .flat(Infinity)
    .filter(child => child !== null && child !== undefined && child !== false && child !== ''),
})

/** Make the children of an element be these. Among siblings, what may come and go has a `key` of its own. */
export function render(parent, children) {
  const keys = new Set(children.map(keyOf).filter(key => key !== undefined))
  for (const node of [...parent.childNodes]) if (node.key !== undefined && !keys.has(node.key)) node.remove()
  const byKey = new Map([...parent.childNodes].filter(node => node.key !== undefined).map(node => [node.key, node]))

  let at = parent.firstChild
  for (const child of children) {
    const key = keyOf(child)
    let node = key === undefined ? at : byKey.get(key)
    if (!node || !fits(node, child)) node = create(child)
    if (node === at) at = at.nextSibling
    else parent.insertBefore(node, at)
    update(node, child)
  }
  while (at) {
    const next = at.nextSibling
    at.remove()
    at = next
  }
}

const keyOf = child => child.props?.key
const isText = child => typeof child !== 'object'
const fits = (node, child) =>
  isText(child) ? node.nodeType === 3 : node.nodeName.toLowerCase() === child.tag && node.key === keyOf(child)

function create(child) {
  if (isText(child)) return document.createTextNode('')
  const node = document.createElement(child.tag)
  node.key = keyOf(child)
  node.said = {}
  return node
}

function update(node, child) {
  if (isText(child)) {
    if (node.data !== String(child)) node.data = String(child)
    return
  }
  node.said ??= {}
  for (const name of new Set([...Object.keys(node.said), ...Object.keys(child.props)])) {
    const value = child.props[name]
    if (name === 'key' || node.said[name] === value) continue
    if (name.startsWith('on')) node[name] = value ?? null
    else if (name === 'value') {
      // Whoever types knows better than what was known when they began.
      if (document.activeElement !== node) node.value = value ?? ''
    } else if (value === undefined || value === null || value === false) node.removeAttribute(name)
    else node.setAttribute(name, value === true ? '' : value)
  }
  node.said = child.props
  render(node, child.children)
}
