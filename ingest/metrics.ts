import { Counter, Histogram, type Registry } from 'prom-client'

/** What ingest counts, as far as it needs to know: prom-client's counters and histograms are such. */
export interface IngestMetrics {
  readonly records: { inc(labels: { adapter: string; outcome: 'accepted' | 'refused' }, by: number): void }
  readonly requests: { observe(labels: { route: string; method: string; status: string }, seconds: number): void }
}

export const ingestMetrics = (registry: Registry): IngestMetrics => ({
  records: new Counter({
    name: 'milepost_ingest_records_total',
    help: 'Records that came in, by adapter and what became of them',
    labelNames: ['adapter', 'outcome'],
    registers: [registry],
  }),
  requests: new Histogram({
    name: 'milepost_http_request_seconds',
    help: 'Time from the head of a request to the end of its answer',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  }),
})
