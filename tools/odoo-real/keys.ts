/** Keys and passwords as Odoo keeps them: drawn anew at each start, so that none lies anywhere. */
import { pbkdf2Sync, randomBytes } from 'node:crypto'

const KEY_ROUNDS = 6_000
/** Fewer than Odoo takes itself: it takes any. */
const PASSWORD_ROUNDS = 6_000
const INDEX_CHARS = 8

export const drawKey = (): string => randomBytes(20).toString('hex')

/** SQL that gives the user this key for a year, and this password. Logins are ours: nothing in them needs quoting. */
export const letIn = (login: string, key: string, password: string): string => `
  INSERT INTO res_users_apikeys (name, user_id, scope, expiration_date, index, key)
    SELECT 'made at the start', id, 'rpc', now() + interval '1 year', '${key.slice(0, INDEX_CHARS)}', '${hashOf(key, KEY_ROUNDS)}'
    FROM res_users WHERE login = '${login}';
  UPDATE res_users SET password = '${hashOf(password, PASSWORD_ROUNDS)}' WHERE login = '${login}';`

/** As passlib writes it: base64 with `.` for `+`, and without padding. */
function hashOf(secret: string, rounds: number): string {
  const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('+', '.').replaceAll('=', '')
  const salt = randomBytes(16)
  return `$pbkdf2-sha512$${rounds}$${text(salt)}$${text(pbkdf2Sync(secret, salt, rounds, 64, 'sha512'))}`
}
