/** Brings the data module into an Odoo, and takes it out again; with an administrator's key. */
import { type OdooClient, OdooRefused } from '../client.ts'
import { CASE_MODEL, MODULE, SHIPMENT_MODEL } from '../names.ts'
import { moduleIds, moduleZip } from './module.ts'
import { VERSION } from './version.ts'

export interface Installed {
  /** The version that was there before; undefined: none was. */
  readonly before: string | undefined
  readonly version: string
  /** Records of an older version of the module that the new one no longer has, and that are gone. */
  readonly removed: number
}

interface ModuleRow {
  readonly id: number
  readonly state: string
  readonly latest_version: string | false
}
interface DataRow {
  readonly id: number
  readonly name: string
  readonly model: string
  readonly res_id: number
}

/** Install the module, or put this version in the place of another; people's records and answers stay. */
export async function install(admin: OdooClient): Promise<Installed> {
  if (!(await isThere(admin, 'stock.picking')))
    throw new OdooRefused(404, '', 'Odoo has no Inventory (module stock): install that first, in Apps')
  if (!(await isThere(admin, 'base.import.module')))
    throw new OdooRefused(
      404,
      '',
      'Odoo can’t import modules: install "Base import module" (base_import_module) first, in Apps',
    )
  const before = await installed(admin)
  const module_file = Buffer.from(moduleZip()).toString('base64')
  const [id] = await admin.call<number[]>('base.import.module', 'create', { vals_list: [{ module_file }] })
  await admin.call('base.import.module', 'import_module', { ids: [id] })
  return { before: before?.latest_version || undefined, version: VERSION, removed: await removeStale(admin) }
}

/**
 * Take it out: views, menus, actions, rights, fields, models, and all records of ours. False: it was not there. Rejects
 * if something of it is left.
 */
export async function uninstall(admin: OdooClient): Promise<boolean> {
  const there = await installed(admin)
  if (!there) return false
  await admin.call('ir.module.module', 'button_immediate_uninstall', { ids: [there.id] })
  const traces = await tracesOf(admin)
  if (traces.length > 0) throw new OdooRefused(200, '', `Odoo has kept ${traces.join(', ')}`)
  return true
}

/** The module as Odoo knows it. */
export async function installed(admin: OdooClient): Promise<ModuleRow | undefined> {
  const [row] = await admin.call<readonly ModuleRow[]>('ir.module.module', 'search_read', {
    domain: [['name', '=', MODULE]],
    fields: ['state', 'latest_version'],
  })
  return row?.state === 'installed' ? row : undefined
}

/** What Odoo still has of us, in words. */
export async function tracesOf(admin: OdooClient): Promise<string[]> {
  const kinds: readonly (readonly [model: string, domain: readonly unknown[]])[] = [
    ['ir.model.data', [['module', '=', MODULE]]],
    ['ir.module.module', [['name', '=', MODULE]]],
    ['ir.model', [['model', 'in', [CASE_MODEL, SHIPMENT_MODEL]]]],
    ['ir.model.fields', ['|', ['name', '=like', 'x\\_milepost\\_%'], ['relation', 'in', [CASE_MODEL, SHIPMENT_MODEL]]]],
    ['ir.ui.view', ['|', ['model', 'in', [CASE_MODEL, SHIPMENT_MODEL]], ['arch_db', 'ilike', 'x_milepost_']]],
    ['ir.actions.act_window', [['res_model', 'in', [CASE_MODEL, SHIPMENT_MODEL]]]],
    ['mail.message', [['model', '=', CASE_MODEL]]],
    ['mail.activity', [['res_model', '=', CASE_MODEL]]],
    ['ir.attachment', [['url', '=like', `/${MODULE}/%`]]],
  ]
  const found: string[] = []
  for (const [model, domain] of kinds) {
    const count = await admin.call<number>(model, 'search_count', { domain, context: { active_test: false } })
    if (count > 0) found.push(`${count} of ${model}`)
  }
  return found
}

/** What an older version brought and this one does not: Odoo leaves it where it is. Ours of the sinks are not looked at. */
async function removeStale(admin: OdooClient): Promise<number> {
  const known = new Set(moduleIds())
  const rows = await admin.call<readonly DataRow[]>('ir.model.data', 'search_read', {
    domain: [
      ['module', '=', MODULE],
      ['model', 'in', PARTS],
    ],
    fields: ['name', 'model', 'res_id'],
    order: 'id desc',
  })
  const stale = rows.filter(({ name }) => !known.has(name))
  for (const { model, res_id } of stale) await admin.call(model, 'unlink', { ids: [res_id] })
  return stale.length
}
/** What the module's files are made of, without what Odoo makes of its own accord (selections, constraints). */
const PARTS = [
  ...['ir.ui.menu', 'ir.actions.server', 'ir.actions.act_window', 'ir.ui.view', 'ir.rule', 'ir.model.access'],
  ...['ir.model.fields', 'ir.model'],
]

async function isThere(client: OdooClient, model: string): Promise<boolean> {
  try {
    await client.call(model, 'fields_get', { attributes: ['type'] })
    return true
  } catch (error) {
    if (error instanceof OdooRefused && error.status === 404 && error.kind !== '') return false
    throw error
  }
}
