/** The engine encodes each block of a stream as if it were a whole result: in formats with a header that header repeats. */

interface Streaming {
  /** Lines before the first row. */
  readonly headerLines: number
  /** A name in quotes may hold a line end. */
  readonly quoted?: boolean
}

const withHeader = (name: string, quoted = false): [string, Streaming][] => [
  [name, { headerLines: 0 }],
  [`${name}withnames`, { headerLines: 1, quoted }],
  [`${name}withnamesandtypes`, { headerLines: 2, quoted }],
]

/** Lower-case names of the formats that can be sent block by block. All others are sent whole. */
const formats = new Map<string, Streaming>([
  ...withHeader('tabseparated'),
  ...withHeader('tabseparatedraw'),
  ...withHeader('tsv'),
  ...withHeader('tsvraw'),
  ...withHeader('csv', true),
  ...withHeader('jsoncompacteachrow'),
  ...withHeader('jsoncompactstringseachrow'),
  ...['jsoneachrow', 'jsonlines', 'ndjson', 'jsonstringseachrow', 'rowbinary', 'native'].map(
    (name): [string, Streaming] => [name, { headerLines: 0 }],
  ),
])

export const canStream = (format: string): boolean => formats.has(format.toLowerCase())

/** @param format one that `canStream` */
export async function* withoutRepeatedHeader(
  blocks: AsyncGenerator<Buffer, void, undefined>,
  format: string,
): AsyncGenerator<Buffer, void, undefined> {
  const { headerLines = 0, quoted = false } = formats.get(format.toLowerCase()) ?? {}
  let header: number | undefined
  for await (const block of blocks) {
    yield header === undefined ? block : block.subarray(header)
    header ??= headerLength(block, headerLines, quoted)
  }
}

function headerLength(block: Buffer, lines: number, quoted: boolean): number {
  let left = lines
  let inQuotes = false
  for (let at = 0; left > 0 && at < block.length; at++) {
    if (quoted && block[at] === 0x22) inQuotes = !inQuotes
    else if (block[at] === 0x0a && !inQuotes && --left === 0) return at + 1
  }
  return 0
}
