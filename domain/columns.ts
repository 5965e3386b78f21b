/** Columns of values as few bytes that come back exactly as they were: what a block of a track is made of. */

/** Bytes being written. One writer serves block after block. */
export class Writer {
  #bytes = Buffer.allocUnsafeSlow(16 * 1024)
  #end = 0

  begin(): void {
    this.#end = 0
  }
  /** What was written since `begin`; the caller's to keep. */
  written(): Uint8Array {
    return Buffer.from(this.#bytes.subarray(0, this.#end))
  }
  /** Has to be asked for before bytes and numbers are written: a varint takes up to eight. */
  room(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(2 * (this.#end + bytes))
    this.#bytes.copy(larger, 0, 0, this.#end)
    this.#bytes = larger
  }
  byte(value: number): void {
    this.#bytes[this.#end++] = value
  }
  /** A whole number from 0 up to 2^53: 7 bits a byte, the lowest first. */
  varint(value: number): void {
    const bytes = this.#bytes
    let end = this.#end
    while (value >= 0x8000_0000) {
      bytes[end++] = (value % 128) | 128
      value = Math.floor(value / 128)
    }
    while (value >= 128) {
      bytes[end++] = (value & 127) | 128
      value >>>= 7
    }
    bytes[end++] = value
    this.#end = end
  }
  /** Take back what was written last. */
  back(bytes: number): void {
    this.#end -= bytes
  }
  double(value: number): void {
    this.#end = this.#bytes.writeDoubleLE(value, this.#end)
  }
  /** False, and nothing is written, unless these are so many bytes in lower-case hex. */
  hex(text: string, bytes: number): boolean {
    this.room(bytes)
    if (text.length !== 2 * bytes || text !== text.toLowerCase()) return false
    if (this.#bytes.write(text, this.#end, 'hex') !== bytes) return false
    this.#end += bytes
    return true
  }
  text(text: string): void {
    const length = Buffer.byteLength(text)
    this.room(8 + length)
    this.varint(length)
    this.#end += this.#bytes.write(text, this.#end)
  }
}

/** Bytes being read. Throws a RangeError where they end too soon. */
export class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
  byte(): number {
    const value = this.#bytes[this.#at++]
    if (value === undefined) throw new RangeError('the block is cut short')
    return value
  }
  varint(): number {
    let byte = this.byte()
    if (byte < 128) return byte
    let value = byte & 127
    for (let scale = 128; ; scale *= 128) {
      byte = this.byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  double(): number {
    this.#at += 8
    return this.#bytes.readDoubleLE(this.#at - 8)
  }
  hex(bytes: number): string {
    return this.#bytes.toString('hex', this.#at, this.#skip(bytes))
  }
  text(): string {
    const length = this.varint()
    return this.#bytes.toString('utf8', this.#at, this.#skip(length))
  }
  #skip(bytes: number): number {
    if (this.#at + bytes > this.#bytes.length) throw new RangeError('the block is cut short')
    return (this.#at += bytes)
  }
}

/** A number is a whole one divided by one of these, or its eight bytes. 3.6: metres per second made of km/h. */
const DIVISORS = [1, 10, 100, 1_000, 100_000, 1_000_000, 10_000_000, 3.6]
const RAW = DIVISORS.length
const ABSENT = RAW + 1
const WITH_GAPS = 16
const ALL_ALIKE = 32

const LARGEST = 2 ** 51

/** Whether a divisor gives the value back exactly; never from -0, which would lose its sign. */
const isWhole = (value: number, divisor: number): boolean => {
  const whole = Math.round(value * divisor) + 0
  return whole < LARGEST && whole > -LARGEST && whole / divisor === value && (value !== 0 || Object.is(value, 0))
}
const zigzag = (n: number): number => (n < 0 ? -2 * n - 1 : 2 * n)
const unzigzag = (n: number): number => (n % 2 === 1 ? -(n + 1) / 2 : n / 2)

let values = new Float64Array(1_024)

/** Numbers that are near to the one before take little room; a column without any, or with but one, a few bytes. */
export function writeNumbers<R>(out: Writer, rows: readonly R[], pick: (row: R) => number | null): void {
  if (values.length < rows.length) values = new Float64Array(2 * rows.length)
  let count = 0
  for (const row of rows) {
    const value = pick(row)
    if (value !== null) values[count++] = value
  }
  out.room(1 + rows.length / 8 + 8 * (count + 1))
  if (count === 0) {
    out.byte(ABSENT)
    return
  }
  const kind = kindOf(count)
  const alike = areAlike(count)
  out.byte(kind | (count < rows.length ? WITH_GAPS : 0) | (alike ? ALL_ALIKE : 0))
  if (count < rows.length) writeBits(out, rows, row => pick(row) !== null)
  const divisor = DIVISORS[kind] ?? 1
  let last = 0
  for (let i = 0; i < (alike ? 1 : count); i++) {
    const value = values[i] ?? 0
    if (kind === RAW) out.double(value)
    else {
      const whole = Math.round(value * divisor)
      out.varint(zigzag(whole - last))
      last = whole
    }
  }
}

/** The first divisor that gives all of the values back. */
function kindOf(count: number): number {
  let kind = 0
  let from = 0
  for (let i = 0; i < count; i++)
    while (kind < RAW && !isWhole(values[i] ?? 0, DIVISORS[kind] ?? 1)) {
      kind++
      from = i
    }
  // What did for the values before the one that asked for this divisor may be too large for it, or not be km/h.
  for (let i = 0; i < from && kind < RAW; i++) if (!isWhole(values[i] ?? 0, DIVISORS[kind] ?? 1)) kind = RAW
  return kind
}
function areAlike(count: number): boolean {
  for (let i = 1; i < count; i++) if (!Object.is(values[i], values[0])) return false
  return true
}

/** The column of this many values; undefined: all are null. */
export function readNumbers(bytes: Reader, count: number): readonly (number | null)[] | undefined {
  const head = bytes.byte()
  const kind = head & 15
  if (kind === ABSENT) return undefined
  if (kind > ABSENT) throw new RangeError('no such kind of column')
  const present = head & WITH_GAPS ? readBits(bytes, count) : undefined
  const divisor = DIVISORS[kind] ?? 1
  const column: (number | null)[] = []
  let whole = 0
  let value: number | undefined
  for (let i = 0; i < count; i++) {
    if (present && !present[i]) {
      column.push(null)
      continue
    }
    if (value === undefined || !(head & ALL_ALIKE)) {
      if (kind === RAW) value = bytes.double()
      else value = (whole += unzigzag(bytes.varint())) / divisor
    }
    column.push(value)
  }
  return column
}

const SOME = 0
const NONE = 1

/** Texts, where the same one tends to come again. */
export function writeTexts<R>(out: Writer, rows: readonly R[], pick: (row: R) => string | null): void {
  const textAt = (i: number) => pick(rows[i] as R)
  for (let i = 0; i < rows.length;) {
    const value = textAt(i)
    const start = i
    while (i < rows.length && textAt(i) === value) i++
    out.room(9)
    out.varint(i - start)
    out.byte(value === null ? NONE : SOME)
    if (value !== null) out.text(value)
  }
}

export function readTexts(bytes: Reader, count: number): readonly (string | null)[] {
  const column: (string | null)[] = []
  while (column.length < count) {
    const run = bytes.varint()
    const value = bytes.byte() === NONE ? null : bytes.text()
    if (run === 0 || column.length + run > count) throw new RangeError('runs do not add up')
    for (let i = 0; i < run; i++) column.push(value)
  }
  return column
}

function writeBits<R>(out: Writer, rows: readonly R[], is: (row: R) => boolean): void {
  for (let start = 0; start < rows.length; start += 8) {
    let bits = 0
    for (let i = 0; i < 8 && start + i < rows.length; i++) if (is(rows[start + i] as R)) bits |= 1 << i
    out.byte(bits)
  }
}
function readBits(bytes: Reader, count: number): readonly boolean[] {
  const bits: boolean[] = []
  for (let start = 0; start < count; start += 8) {
    const byte = bytes.byte()
    for (let i = 0; i < 8 && start + i < count; i++) bits.push((byte & (1 << i)) !== 0)
  }
  return bits
}
