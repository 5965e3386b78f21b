/** What names things: vehicles, shipments, stops. Without control characters and well formed, so that no two of them are stored alike. */

export const MAX_ID_CHARS = 128
export const ID_EXPECTED = `expected 1 to ${MAX_ID_CHARS} printable characters without white space around them`

/** Written by hand because each of the flood's records has one. */
export function isId(text: string): boolean {
  const end = text.length - 1
  if (end < 0 || end >= MAX_ID_CHARS) return false
  let plain = true
  for (let i = 0; i <= end; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false
    if (code >= 0x80) plain = false
  }
  if (plain) return text.charCodeAt(0) !== 0x20 && text.charCodeAt(end) !== 0x20
  // UTF-8 has no half of a surrogate pair: whichever it is, it would be stored as U+FFFD, and two names would be one.
  return text.trim().length === text.length && text.isWellFormed()
}
