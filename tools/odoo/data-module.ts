/** The data module at the stand-in: imported from its zip, and taken out with all that is its. */
import { strFromU8, unzipSync } from 'fflate'
import { MODULE } from '../../odoo/names.ts'
import { userError } from './errors.ts'
import { OF_MODULE } from './fields.ts'
import type { OdooStore } from './store.ts'

const moduleRow = (store: OdooStore) => store.rows('ir.module.module').find(({ name }) => name === MODULE)
export const isInstalled = (store: OdooStore): boolean => moduleRow(store) !== undefined

export function importModule(store: OdooStore, id: number): unknown {
  const zip = Buffer.from(String(store.row('base.import.module', id)?.['module_file']), 'base64')
  const manifest = unzipSync(zip)[`${MODULE}/__manifest__.py`]
  const [, version] = /'version': '([\d.]+)'/.exec(manifest ? strFromU8(manifest) : '') ?? []
  if (version === undefined) throw userError('Only zip files are supported.')
  const there = moduleRow(store)
  store.do(tx => {
    const vals = { name: MODULE, state: 'installed', latest_version: version }
    if (there) tx.write('ir.module.module', [there.id], vals)
    else tx.create('ir.module.module', vals)
  })
  return { type: 'ir.actions.act_url', target: 'self', url: '/odoo' }
}

export function removeModule(store: OdooStore): unknown {
  const messages = store.rows('mail.message').filter(({ model }) => OF_MODULE.has(String(model)))
  const gone = [...OF_MODULE, 'ir.module.module', 'ir.model.data', 'mail.activity']
  store.do(tx => {
    for (const model of gone)
      tx.unlink(
        model,
        store.rows(model).map(({ id }) => id),
      )
    tx.unlink(
      'mail.message',
      messages.map(({ id }) => id),
    )
  })
  return { type: 'ir.actions.client', tag: 'reload' }
}
