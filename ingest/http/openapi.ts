/**
 * What is published of these routes, as parts of an OpenAPI 3.1 document (whose JSON Schema is that of 2020-12). The
 * schemas of what comes in are those that it is checked with; test/ingest/http/openapi.test.ts holds the rest against real answers.
 */
import { z } from 'zod'
import { MAX_RECORDS } from '../adapter.ts'
import { partnerEventShape } from '../partner-events.ts'
import { NDJSON, positionShape } from '../positions.ts'
import { instant } from '../shapes.ts'
import { shipmentShape } from '../shipments.ts'
import { JSON_TYPE } from './bodies.ts'
import { PROBLEM_TYPE } from './problem.ts'

const fault = z.strictObject({
  reason: z.string().describe('What is wrong'),
  at: z.string().describe('Where in the payload, as a JSON path'),
})
const refused = fault.extend({
  index: z.int().min(0).nullable().describe('Which record, counted from 0; null: the whole payload'),
})
const receipt = z.strictObject({
  accepted: z.int().min(0).describe('How many records are in the log'),
  refused: z.array(refused),
})
const problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  errors: z.array(fault).optional(),
})

const schemaOf = (shape: z.ZodType): Record<string, unknown> => {
  const schema: Record<string, unknown> = z.toJSONSchema(shape, { io: 'input', target: 'draft-2020-12' })
  delete schema['$schema']
  return schema
}

export const ingestComponents = {
  schemas: {
    Position: schemaOf(positionShape),
    ShipmentVersion: schemaOf(shipmentShape),
    PartnerEvents: schemaOf(z.strictObject({ events: z.array(partnerEventShape).max(MAX_RECORDS) })),
    ClockMove: schemaOf(z.strictObject({ at: instant })),
    Receipt: schemaOf(receipt),
    ShipmentReceipt: schemaOf(
      z.strictObject({ applied: z.boolean().describe('false: a later version of the shipment is known') }),
    ),
    ClockReceipt: schemaOf(
      z.strictObject({
        applied: z.boolean().describe('false: the clock was later already; it never goes back'),
        at: z.string().meta({ format: 'date-time' }).describe('What the clock shows now'),
      }),
    ),
    Problem: schemaOf(problem.describe('RFC 9457')),
    NothingAccepted: schemaOf(problem.extend({ accepted: z.literal(0), refused: z.array(refused) })),
  },
  securitySchemes: {
    token: { type: 'http', scheme: 'bearer', description: 'A token made by `milepost token create`' },
    signature: {
      type: 'apiKey',
      in: 'header',
      name: 'webhook-signature',
      description:
        'Standard Webhooks 1.0.0: webhook-id, webhook-timestamp (within 5 minutes of our clock) and webhook-signature over the body',
    },
  },
} as const

const ref = (name: keyof typeof ingestComponents.schemas) => ({ $ref: `#/components/schemas/${name}` })
const answer = (name: keyof typeof ingestComponents.schemas, description: string, type: string = JSON_TYPE) => ({
  description,
  content: { [type]: { schema: ref(name) } },
})
const refusal = (description: string) => answer('Problem', description, PROBLEM_TYPE)
const waits = {
  headers: { 'Retry-After': { description: 'Seconds', schema: { type: 'integer', minimum: 1 } } },
}

/** What every one of these routes may answer. */
const ALWAYS = {
  '408': refusal('The request took too long to arrive'),
  '413': refusal('The body is too large, or has too many records'),
  '415': refusal('The content-type or content-encoding is not taken here'),
  '429': { ...refusal('Too many failed attempts from this address'), ...waits },
  '431': refusal('The headers are too many or too large'),
  '503': { ...refusal('Nothing can be taken now; nothing of the request has been kept'), ...waits },
}
const BY_TOKEN = {
  ...ALWAYS,
  '401': refusal('No token, or one that opens nothing'),
  '403': refusal('The token’s role may not do this'),
}
const PER_RECORD = {
  '200': answer('Receipt', 'Durable: what was accepted, and what was refused with its reason'),
  '400': answer('NothingAccepted', 'The body is not in the format', PROBLEM_TYPE),
  '422': answer('NothingAccepted', 'None of the records was understood', PROBLEM_TYPE),
}

const parameter = (name: string, description: string) => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string' },
})
const header = (name: string) => ({ name, in: 'header', required: true, schema: { type: 'string' } })
const jsonBody = (schema: object) => ({ required: true, content: { [JSON_TYPE]: { schema } } })

export const ingestPaths = {
  '/v1/positions': {
    post: {
      operationId: 'sendPositions',
      summary: 'Positions of vehicles, thousands at once',
      security: [{ token: [] }],
      requestBody: {
        required: true,
        content: {
          [JSON_TYPE]: { schema: { type: 'array', maxItems: MAX_RECORDS, items: ref('Position') } },
          [NDJSON]: { schema: { ...ref('Position'), description: 'One a line' } },
        },
      },
      responses: { ...BY_TOKEN, ...PER_RECORD },
    },
  },
  '/v1/shipments/{shipmentId}': {
    put: {
      operationId: 'putShipment',
      summary: 'A version of a shipment: the one with the latest plannedAt holds',
      security: [{ token: [] }],
      parameters: [parameter('shipmentId', 'Identity of the shipment')],
      requestBody: jsonBody(ref('ShipmentVersion')),
      responses: {
        ...BY_TOKEN,
        '200': answer('ShipmentReceipt', 'Durable'),
        '400': answer('NothingAccepted', 'The body is not JSON', PROBLEM_TYPE),
        '409': refusal('Another version of this shipment has the same plannedAt'),
        '422': answer('NothingAccepted', 'The version was not understood', PROBLEM_TYPE),
      },
    },
  },
  '/v1/partners/{partner}/events': {
    post: {
      operationId: 'sendPartnerEvents',
      summary: 'What a carrier or platform says happened, or will',
      security: [{ signature: [] }],
      parameters: [
        parameter('partner', 'The partner, as the settings name it'),
        header('webhook-id'),
        header('webhook-timestamp'),
      ],
      requestBody: jsonBody(ref('PartnerEvents')),
      responses: {
        ...ALWAYS,
        ...PER_RECORD,
        '401': refusal('The signature is missing, too old, or by none of the partner’s keys'),
        '404': refusal('There is no such partner'),
      },
    },
  },
  '/v1/odoo/changed/{capability}': {
    post: {
      operationId: 'tellOdooChanged',
      summary: 'Something changed in Odoo: poll soon. The body is not looked at',
      security: [],
      parameters: [parameter('capability', 'What only Odoo is told')],
      responses: { ...ALWAYS, '204': { description: 'Heard' }, '404': refusal('There is no such address') },
    },
  },
  '/v1/clock': {
    post: {
      operationId: 'moveClock',
      summary: 'Move the clock on, where time is that of events',
      security: [{ token: [] }],
      requestBody: jsonBody(ref('ClockMove')),
      responses: {
        ...BY_TOKEN,
        '200': answer('ClockReceipt', 'Durable'),
        '400': refusal('The body is not JSON'),
        '409': refusal('The clock is the wall clock'),
        '422': refusal('Not understood'),
      },
    },
  },
} as const
