/** What an Odoo has for Milepost, and what it lacks: a finding a line, each with what to do. */
import { type OdooClient, OdooAway, OdooRefused } from './client.ts'
import { CASE_OURS, type ModuleFields, SHIPMENT_FIELDS } from './module/fields.ts'
import { VERSION } from './module/version.ts'
import { missingFields } from './module/installed.ts'
import { CASE_MODEL, SHIPMENT_MODEL } from './names.ts'

export interface Finding {
  readonly what: string
  /** `bad`: it does not work so. `warn`: it does, with less. */
  readonly state: 'ok' | 'warn' | 'bad'
  readonly says: string
}

const INSTALL = 'run "milepost odoo install" with an administrator’s key'
const NEEDS_STOCK = 'give the user the right Inventory / User'

/** What is read to make shipments of, and what goes without. */
const READ: readonly (readonly [model: string, state: 'warn' | 'bad', without: string])[] = [
  ['stock.picking', 'bad', NEEDS_STOCK],
  ['stock.picking.batch', 'warn', 'without batches no vehicle is known: install stock_picking_batch and stock_fleet'],
  ['res.partner', 'bad', NEEDS_STOCK],
  ['sale.order', 'warn', 'without orders the customer’s reference is not known: install sale_stock'],
  ['delivery.carrier', 'warn', 'without carriers none is known: install stock_delivery'],
  [
    'fleet.vehicle',
    'warn',
    'the licence plate is taken from the end of the vehicle’s name: give the right Fleet / Officer',
  ],
]

/** Look at everything, one after the other; what the first findings make pointless is left out. */
export async function check(client: OdooClient, url: string, now: Date): Promise<Finding[]> {
  const version = await versionOf(url)
  if (version.state === 'bad') return [version]
  const key = await keyOf(client, now)
  if (key.state === 'bad') return [version, key]
  const findings = [version, key, await companies(client)]
  for (const [model, state, without] of READ) findings.push(await mayRead(client, model, state, without))
  return [...findings, ...(await theModule(client))]
}

async function versionOf(url: string): Promise<Finding> {
  const what = 'version'
  const hint = 'look at MILEPOST_ODOO_URL'
  try {
    const response = await fetch(new URL('/json/version', url), {
      ...{ redirect: 'manual', signal: AbortSignal.timeout(10_000) },
    })
    if (response.status !== 200) return { what, state: 'bad', says: `answers ${response.status}: ${hint}` }
    const { version, version_info: info } = (await response.json()) as { version?: string; version_info?: unknown[] }
    const major = Number(String(info?.[0]).replace(/^\D*/, ''))
    if (!(major >= 19)) return { what, state: 'bad', says: `Odoo ${version ?? '?'}: 19 or newer is needed for JSON-2` }
    return { what, state: 'ok', says: `Odoo ${version ?? major}` }
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } }
    return { what, state: 'bad', says: `no answer (${cause?.code ?? message}): is it running? ${hint}` }
  }
}

const EXPIRES_SOON_MS = 14 * 86_400_000

/** Odoo does not say which of a user's keys it was asked with. */
async function keyOf(client: OdooClient, now: Date): Promise<Finding> {
  const what = 'key'
  try {
    const { uid } = await client.call<{ uid: number }>('res.users', 'context_get', {})
    const rows = await client.call<readonly { name: string; expiration_date: string | false }[]>(
      'res.users.apikeys',
      'search_read',
      { domain: [['user_id', '=', uid]], fields: ['name', 'expiration_date'] },
    )
    const ends = rows.flatMap(({ expiration_date: at }) => (at === false ? [] : Date.parse(`${at.replace(' ', 'T')}Z`)))
    const [first] = ends.sort((a, b) => a - b)
    if (first === undefined) return { what, state: 'ok', says: `valid, of user ${uid}, does not expire` }
    const day = new Date(first).toISOString().slice(0, 10)
    const which = rows.length === 1 ? 'expires' : `the first of the user’s ${rows.length} keys expires`
    const soon = first - now.getTime() < EXPIRES_SOON_MS
    const says = `valid, of user ${uid}, ${which} on ${day}${soon ? ': make a new one, set it, and restart' : ''}`
    return { what, state: soon ? 'warn' : 'ok', says }
  } catch (error) {
    const hint = error instanceof OdooRefused && error.status === 401 ? ': make a new one, set it, and restart' : ''
    return { what, state: 'bad', says: `${saying(error)}${hint}` }
  }
}

async function companies(client: OdooClient): Promise<Finding> {
  const what = 'companies'
  try {
    const { uid } = await client.call<{ uid: number }>('res.users', 'context_get', {})
    const [user] = await client.call<readonly { company_ids: number[] }[]>('res.users', 'read', {
      ...{ ids: [uid], fields: ['company_ids'] },
    })
    const rows = await client.call<readonly { display_name: string }[]>('res.company', 'search_read', {
      domain: [['id', 'in', user?.company_ids ?? []]],
      fields: ['display_name'],
    })
    const names = rows.map(row => row.display_name).join(', ')
    return { what, state: 'ok', says: `${names}; of others nothing is seen: allow the user those that are missing` }
  } catch (error) {
    return { what, state: 'warn', says: saying(error) }
  }
}

async function mayRead(client: OdooClient, model: string, state: 'warn' | 'bad', without: string): Promise<Finding> {
  try {
    await client.call(model, 'search_count', { domain: [] })
    return { what: model, state: 'ok', says: 'is read' }
  } catch (error) {
    const is = error instanceof OdooRefused && error.status === 404 ? 'is not there' : saying(error)
    return { what: model, state, says: `${is}; ${without}` }
  }
}

/** Whether the module is there, all of it, and our user may write. */
async function theModule(client: OdooClient): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [model, fields] of [
    [CASE_MODEL, CASE_OURS],
    [SHIPMENT_MODEL, SHIPMENT_FIELDS],
  ] as const) {
    const finding = await ofModel(client, model, fields)
    findings.push(finding)
    if (finding.state !== 'ok') break
  }
  return findings
}

async function ofModel(client: OdooClient, what: string, fields: ModuleFields): Promise<Finding> {
  try {
    const found = await client.call<Parameters<typeof missingFields>[2]>(what, 'fields_get', {
      attributes: ['type', 'selection', 'help'],
    })
    const help = (found['x_case_id'] as { readonly help?: string } | undefined)?.help ?? ''
    const [, version] = /milepost (\d+(?:\.\d+)+)/.exec(help) ?? []
    const missing = missingFields(what, fields, found)
    const is = version === undefined ? 'installed' : `module ${version}`
    if (missing.length > 0) return { what, state: 'bad', says: `${is} lacks ${missing.join(', ')}: ${INSTALL}` }
    for (const operation of ['write', 'create'])
      if (!(await client.call<boolean>(what, 'has_access', { ids: [], operation })))
        return { what, state: 'bad', says: `${is}, but the user may not ${operation}: ${NEEDS_STOCK}` }
    if (version !== undefined && version !== VERSION)
      return { what, state: 'warn', says: `${is}, and this Milepost brings ${VERSION}: ${INSTALL}` }
    return { what, state: 'ok', says: `${is}, may be written` }
  } catch (error) {
    if (error instanceof OdooRefused && error.status === 404)
      return { what, state: 'warn', says: `the module milepost is not installed, so Odoo shows no cases: ${INSTALL}` }
    const hint = error instanceof OdooRefused && error.status === 403 ? `: ${NEEDS_STOCK}` : ''
    return { what, state: 'bad', says: `${saying(error)}${hint}` }
  }
}

const saying = (error: unknown): string => {
  if (error instanceof OdooAway || error instanceof OdooRefused) return error.message
  throw error
}
