import { join } from 'node:path'
import type { Logger } from 'pino'
import { Gauge, type Registry } from 'prom-client'
import type { IngestClock } from '../ingest/clock.ts'
import type { OdooBell } from '../ingest/http/odoo-changed.ts'
import type { IngestMetrics } from '../ingest/metrics.ts'
import { OdooClient } from '../odoo/client.ts'
import { OdooPoll } from '../ingest/odoo/poll.ts'
import type { Config } from './config.ts'
import type { Opened } from './open-log.ts'
import { ODOO_CAPABILITY, odooCapabilityOf } from './secrets.ts'

interface Needs extends Opened {
  readonly clock: IngestClock
  readonly metrics: IngestMetrics
  readonly registry: Registry
  readonly logger: Logger
}

/** Who reads Odoo, and the address where Odoo may knock; undefined: the settings name no Odoo. */
export function odooPoll(
  { odooUrl, odooDatabase, odooApiKey, data }: Config,
  { log, wire, clock, metrics, registry, logger }: Needs,
): (OdooBell & { readonly database: string; run(until: AbortSignal): Promise<void> }) | undefined {
  if (odooUrl === undefined || odooDatabase === undefined || odooApiKey === undefined) return undefined
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  const poll = new OdooPoll({
    ...{ log, wire, metrics, logger },
    client: new OdooClient({ url: odooUrl, database: odooDatabase, apiKey: odooApiKey }),
    receivedAt: () => clock.stamp([]).receivedAt,
    gauges: {
      readUntil: gauge(
        'milepost_odoo_read_until_seconds',
        'All that Odoo showed then has been read, seconds since the epoch',
      ),
      firstReading: gauge(
        'milepost_odoo_first_reading',
        'How much of a model has been read for the first time, 0 to 1',
        ['model'],
      ),
    },
  })
  const capability = odooCapabilityOf(data)
  logger.info(
    { address: '/v1/odoo/changed/REDACTED', capability: join(data, ODOO_CAPABILITY) },
    'where an automation rule of Odoo may knock; what the address ends in is in that file',
  )
  return { capability, database: odooDatabase, knock: () => poll.knock(), run: until => poll.run(until) }
}
