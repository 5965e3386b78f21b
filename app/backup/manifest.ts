/**
 * What a backup consists of, in `manifest.json`: written last, so that a directory without it is no backup. It bears the
 * hash of itself.
 */
import { hash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeWhole } from '../../ingest/whole-file.ts'
import { version } from '../version.ts'
import { BackupRefused } from './refused.ts'

/** Rises with every change that an older release can't restore. */
const FORMAT = 1
const FILE = 'manifest.json'

const path = z.string().regex(/^(?!\.{1,2}(\/|$))[^/\\]+(\/(?!\.{1,2}(\/|$))[^/\\]+)*$/, 'a path below the directory')
const shape = z.strictObject({
  format: z.literal(FORMAT),
  /** Of Milepost, that made it. */
  release: z.string(),
  /** The moment that the log and the embedded ClickHouse are of. */
  takenAt: z.iso.datetime(),
  log: z.strictObject({ id: z.string(), layout: z.int() }),
  clickhouse: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('embedded'),
      migrations: z.array(z.strictObject({ number: z.int(), name: z.string(), checksum: z.string() })),
      /** Symbolic links, which many a medium does not keep. */
      links: z.array(z.strictObject({ path, to: z.string().regex(/^\.\.\/store\/[0-9a-f]{3}\/[0-9a-f-]{36}$/) })),
      /** Tables that could not be copied: their engine keeps no parts. */
      leftOut: z.array(z.string()),
      /** Sinks whose batch was on its way: what there is of it may come twice. */
      unsettled: z.array(z.string()),
    }),
    z.strictObject({ kind: z.literal('external'), at: z.string() }),
  ]),
  files: z.array(z.strictObject({ path, bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
})
export type Manifest = z.output<typeof shape>
/** What a backup of one kind of log has come to, but for what is kept beside. */
export type Made = Omit<Manifest, 'format' | 'release'> & {
  /** Milliseconds for which nobody could commit. */
  readonly heldMs: number
}

export const sizeOf = ({ files }: Pick<Manifest, 'files'>): number => files.reduce((sum, { bytes }) => sum + bytes, 0)

export function writeManifest(directory: string, about: Omit<Manifest, 'format' | 'release'>): Manifest {
  // One that could not be read again must not come into being.
  const manifest = shape.parse({ format: FORMAT, release: version, ...about } satisfies Manifest)
  const sha256 = hash('sha256', JSON.stringify(manifest), 'hex')
  writeWhole(join(directory, FILE), `${JSON.stringify({ sha256, manifest }, null, 1)}\n`)
  return manifest
}

/** The manifest, and every file there with its size; their contents are compared when they are read. Throws `BackupRefused`. */
export function readManifest(directory: string): Manifest {
  const file = join(directory, FILE)
  if (!existsSync(file))
    throw new BackupRefused(`${directory} is no backup, or one that was broken off: there is no ${FILE} in it`)
  const manifest = opened(file)
  for (const { path: name, bytes } of manifest.files) {
    const found = statSync(join(directory, name), { throwIfNoEntry: false })
    if (!found?.isFile()) throw new BackupRefused(`the backup is damaged: ${name} is missing`)
    if (found.size !== bytes)
      throw new BackupRefused(`the backup is damaged: ${name} has ${found.size} bytes instead of ${bytes}`)
  }
  return manifest
}

function opened(file: string): Manifest {
  const damaged = (why: string, cause?: unknown) =>
    new BackupRefused(`the backup is damaged: ${file} ${why}`, { cause })
  let text: { sha256?: unknown; manifest?: { format?: unknown; release?: unknown } }
  try {
    text = JSON.parse(readFileSync(file, 'utf8')) as typeof text
  } catch (error) {
    throw damaged('is not JSON', error)
  }
  const { format, release } = text.manifest ?? {}
  if (typeof format === 'number' && format > FORMAT) throw newer(String(release), `format ${format}`)
  if (hash('sha256', JSON.stringify(text.manifest ?? null), 'hex') !== text.sha256)
    throw damaged('is not as it was written')
  const { data, error } = shape.safeParse(text.manifest)
  if (!data)
    throw damaged(`can't be understood: ${error.issues[0]?.path.join('.')}: ${error.issues[0]?.message}`, error)
  return data
}

/** @param what is newer than this release knows */
export const newer = (release: string, what: string): BackupRefused =>
  new BackupRefused(
    `the backup was made by a newer release of Milepost (${release}, this is ${version}): its ${what} is not known here`,
  )
