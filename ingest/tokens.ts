/**
 * The tokens that callers show, in tokens.json of the data directory: `mp_<id>_<secret>`, of which only the SHA-256 of
 * the secret is kept (it is 256 random bits: nothing to guess, so nothing to slow down). The file is read again
 * whenever it has changed, so that another process may create and revoke.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { changeFile, type FileMark, markOf, writeWhole } from './whole-file.ts'

/** `ingest` sends positions and shipments, `read` reads, `admin` does everything. */
export const ROLES = ['ingest', 'read', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** What is known of a token; never the secret. */
export interface Token {
  readonly id: string
  readonly role: Role
  /** Who has it. Tokens of one name are one source: a new one may replace an old one. */
  readonly name: string
  /** ISO 8601. */
  readonly createdAt: string
}
export interface CreatedToken {
  readonly id: string
  /** Shown now and never again. */
  readonly token: string
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const stored = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  role: z.enum(ROLES),
  name: z.string().regex(NAME),
  createdAt: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
type Stored = z.infer<typeof stored>
const contents = z.strictObject({ version: z.literal(1), tokens: z.array(stored) })

const sha256 = (text: string) => createHash('sha256').update(text).digest()

/** Throws, saying why, if the file is not one of tokens. No file: no tokens. */
function load(path: string): readonly Stored[] {
  if (!existsSync(path)) return []
  try {
    return contents.parse(JSON.parse(readFileSync(path, 'utf8'))).tokens
  } catch (error) {
    throw new Error(`${path} is not a file of tokens`, { cause: error })
  }
}

const change = <T>(
  path: string,
  edit: (tokens: readonly Stored[]) => { tokens: readonly Stored[]; result: T } | undefined,
) =>
  changeFile(path, () => {
    const edited = edit(load(path))
    if (edited) writeWhole(path, `${JSON.stringify({ version: 1, tokens: edited.tokens }, null, 2)}\n`)
    return edited?.result
  })

function make(role: Role, name: string | undefined): { readonly entry: Stored; readonly created: CreatedToken } {
  const id = randomBytes(6).toString('hex')
  const secret = randomBytes(32).toString('hex')
  if (name !== undefined && !NAME.test(name)) {
    throw new Error(
      'a token’s name is 1 to 64 letters, digits, dots, dashes and underscores, beginning with a letter or digit',
    )
  }
  const entry = {
    id,
    role,
    name: name ?? id,
    createdAt: new Date().toISOString(),
    sha256: sha256(secret).toString('hex'),
  }
  return { entry, created: { id, token: `mp_${id}_${secret}` } }
}

/** Add a token; its name is its id unless told. Durable when it returns. */
export async function createToken(path: string, role: Role, name?: string): Promise<CreatedToken> {
  const { entry, created } = make(role, name)
  await change(path, tokens => ({ tokens: [...tokens, entry], result: true }))
  return created
}

export const listTokens = (path: string): readonly Token[] =>
  load(path).map(({ id, role, name, createdAt }) => ({ id, role, name, createdAt }))

/** Whether there was such a token. It opens nothing any more from now on. */
export async function revokeToken(path: string, id: string): Promise<boolean> {
  const revoked = await change(path, tokens =>
    tokens.some(token => token.id === id)
      ? { tokens: tokens.filter(token => token.id !== id), result: true }
      : undefined,
  )
  return revoked ?? false
}

/** At the first start: make an administrator's token, to be shown once. undefined where the file is there already, even with no token left. */
export async function firstToken(path: string): Promise<CreatedToken | undefined> {
  if (existsSync(path)) return undefined
  const { entry, created } = make('admin', 'first')
  return changeFile(path, () => {
    if (existsSync(path)) return undefined
    writeWhole(path, `${JSON.stringify({ version: 1, tokens: [entry] }, null, 2)}\n`)
    return created
  })
}

/** What a server knows tokens by. */
export interface TokenCheck {
  /** Who shows this token; undefined if it opens nothing. */
  check(token: string): Token | undefined
}

const NOBODY = sha256('')

/**
 * The tokens of a file as they are at each check. A file that cannot be read any more leaves those known before in force, and is
 * reported once; one that is gone leaves none. Throws if it cannot be read to begin with.
 */
export function openTokens(path: string, log: { error(fields: object, message: string): void }): TokenCheck {
  let mark: FileMark | undefined = markOf(path)
  let known = byId(load(path))

  const refresh = () => {
    const now = markOf(path)
    if (now === mark) return
    mark = now
    try {
      known = byId(load(path))
    } catch (error) {
      log.error({ err: error }, 'the tokens cannot be read; those known before stay in force')
    }
  }

  return {
    check(token) {
      refresh()
      const [, id = '', secret = ''] = /^mp_([0-9a-f]{12})_([0-9a-f]{64})$/.exec(token) ?? []
      const entry = known.get(id)
      const fits = timingSafeEqual(sha256(secret), entry ? Buffer.from(entry.sha256, 'hex') : NOBODY)
      return entry && fits
        ? { id: entry.id, role: entry.role, name: entry.name, createdAt: entry.createdAt }
        : undefined
    },
  }
}

const byId = (tokens: readonly Stored[]) => new Map(tokens.map(token => [token.id, token]))
