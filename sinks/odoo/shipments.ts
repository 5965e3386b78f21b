/** What Odoo has of shipments: which of them are its pickings, and the rows that two sinks fill. */
import { SHIPMENT_MODEL } from '../../odoo/names.ts'
import type { OdooGate } from './gate.ts'
import type { Row } from './load.ts'

export interface Links {
  /** The address of the control tower, without a slash at its end. */
  readonly tower: string
  /** Which log it is that speaks. */
  readonly log: string
  /** Of how many shipments is remembered what Odoo has. */
  readonly mostRemembered?: number
}

/** The picking that is this shipment; undefined: it is none of this database. */
export function pickingOf(database: string, shipmentId: string | null): string | undefined {
  const prefix = `odoo-${database}-picking-`
  const id = shipmentId?.startsWith(prefix) ? shipmentId.slice(prefix.length) : ''
  return isId(id) ? id : undefined
}
export const companyOf = (companyId: string | null): string => {
  const [, id = ''] = /^odoo-company-(\d+)$/.exec(companyId ?? '') ?? []
  return isId(id) ? id : ''
}
/** Ids of Odoo are 32 bits. */
const isId = (id: string): boolean => /^[1-9]\d{0,9}$/.test(id) && Number(id) <= 0x7f_ff_ff_ff

export const towerOf = ({ tower }: Links, about: Readonly<Record<string, string>>): string =>
  `${tower}/?${new URLSearchParams(about).toString()}`

/** One record a picking, whichever sink writes it: each fills in its own part of it. */
export const shipmentRow = (
  picking: string,
  about: { readonly shipmentId: string; readonly companyId: string | null; readonly eventId: string },
  links: Links,
  values: Readonly<Record<string, string>>,
): Row => ({
  id: `shipment_${picking}`,
  eventId: about.eventId,
  values: {
    x_name: about.shipmentId,
    x_shipment_id: about.shipmentId,
    'x_picking_id/.id': picking,
    'x_company_id/.id': companyOf(about.companyId),
    x_url: towerOf(links, { shipment: about.shipmentId }),
    ...values,
  },
})

const READ_AT_ONCE = 500

/** What Odoo has of one field of these shipments; what is not there is left out. */
export async function readField(
  gate: OdooGate,
  shipmentIds: readonly string[],
  field: string,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (let from = 0; from < shipmentIds.length; from += READ_AT_ONCE) {
    const rows = await gate.call<readonly Readonly<Record<string, string | false>>[]>(SHIPMENT_MODEL, 'search_read', {
      domain: [['x_shipment_id', 'in', shipmentIds.slice(from, from + READ_AT_ONCE)]],
      fields: ['x_shipment_id', field],
    })
    for (const { x_shipment_id: id, [field]: value } of rows) if (id && value) found.set(id, value)
  }
  return found
}
