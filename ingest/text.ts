/** What names things: vehicles, shipments, stops. Printable and well formed, so that no two of them look or are stored alike. */

export const MAX_ID_CHARS = 128
export const ID_EXPECTED = `expected 1 to ${MAX_ID_CHARS} printable characters without white space around them`

/** Written by hand because each of the flood's records has one. */
export function isId(text: string, maxChars = MAX_ID_CHARS): boolean {
  const end = text.length - 1
  if (end < 0 || end >= maxChars) return false
  let plain = true
  for (let i = 0; i <= end; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false
    if (code >= 0x80) plain = false
  }
  if (plain) return text.charCodeAt(0) !== 0x20 && text.charCodeAt(end) !== 0x20
  // Half a surrogate pair cannot be stored: in UTF-8 it would become the same replacement character as any other.
  return text.trim().length === text.length && text.isWellFormed()
}
