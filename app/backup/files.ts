/** Copies of files that are known by their sizes and hashes, and durable before anybody counts on them. */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { each } from '../../streams/together.ts'

/** A file of a backup. */
export interface Copied {
  /** From the data directory on. */
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}
/** Hears of bytes that are done, and ends the work by throwing. */
export type Told = (bytes: number) => void

const CHUNK = 4 << 20

/** Read a file that is written already, and see to it that it is on the disk. */
export async function settle(root: string, path: string, told: Told = () => undefined): Promise<Copied> {
  const file = await open(join(root, path), 'r+')
  try {
    await file.chmod(0o600)
    const measured = await read(file, chunk => told(chunk.length))
    await file.sync()
    return { path, ...measured }
  } finally {
    await file.close()
  }
}

/** Copy a file that nobody changes; folders are made, and only their owner may look into them. */
export async function copy(from: string, root: string, path: string, told: Told = () => undefined): Promise<Copied> {
  const source = await open(from, 'r')
  try {
    const target = await create(root, path)
    try {
      const measured = await read(source, async chunk => {
        await target.writeFile(chunk)
        told(chunk.length)
      })
      await target.sync()
      return { path, ...measured }
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

/** Write a small file. */
export async function write(root: string, path: string, content: string | Uint8Array): Promise<Copied> {
  const bytes = Buffer.from(content)
  const file = await create(root, path)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  return { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** What was made in a folder is found again after a power cut. */
export async function settleFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** The same of all folders below it too. */
export async function settleFolders(path: string): Promise<void> {
  const below = readdirSync(path, { recursive: true, withFileTypes: true }).filter(entry => entry.isDirectory())
  await each([...below.map(({ parentPath, name }) => join(parentPath, name)), path], settleFolder)
}

async function create(root: string, path: string): Promise<FileHandle> {
  const to = join(root, path)
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
  return open(to, 'wx', 0o600)
}

async function read(
  file: FileHandle,
  then: (chunk: Uint8Array) => Promise<void> | void,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  const { size } = await file.stat()
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(size, 1)))
  let bytes = 0
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, bytes)
    if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') }
    const chunk = buffer.subarray(0, bytesRead)
    hash.update(chunk)
    bytes += bytesRead
    await then(chunk)
  }
}
