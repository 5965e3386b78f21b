/** Compares what is installed in Odoo with what this Milepost writes. */
import { CASE_OURS, type ModuleFields, SHIPMENT_FIELDS } from './fields.ts'
import { CASE_MODEL, SHIPMENT_MODEL } from '../names.ts'
import type { OdooClient } from '../client.ts'

type Found = Readonly<
  Record<string, { readonly type: string; readonly selection?: readonly (readonly [string, string])[] }>
>

/** What the module in Odoo lacks; rejects as `OdooClient.call` does, with a 404 where there is no module. */
export async function missingIn(client: OdooClient, stop?: AbortSignal): Promise<string[]> {
  const lacks = async (model: string, wanted: ModuleFields) => {
    const found = await client.call<Found>(model, 'fields_get', { attributes: ['type', 'selection'] }, stop)
    return missingFields(model, wanted, found)
  }
  return [...(await lacks(CASE_MODEL, CASE_OURS)), ...(await lacks(SHIPMENT_MODEL, SHIPMENT_FIELDS))]
}

/** The fields that are missing, and the values that a selection does not have. */
export function missingFields(model: string, wanted: ModuleFields, found: Found): string[] {
  return Object.entries(wanted).flatMap(([name, { type, selection = [] }]) => {
    const there = found[name]
    if (there?.type !== type) return `${model}.${name}`
    const values = new Set(there.selection?.map(([value]) => value))
    return selection.flatMap(([value]) => (values.has(value) ? [] : `${model}.${name}=${value}`))
  })
}
