import { z } from 'zod'

const MiB = 1 << 20

export const gatewayConfig = z.strictObject({
  /** Data directory; made where it is absent. */
  data: z.string().min(1),
  /** 0: any free one. */
  port: z.int().min(0).max(65_535).default(8123),
  bind: z.string().default('127.0.0.1'),
  /** Of the user `milepost`, who may do everything inside the database. */
  password: z.string().min(1),
  /** Of the user `analyst`; absent: none, but from this machine only. */
  analystPassword: z.string().min(1).optional(),
  /** Made where it is absent; the one that statements mean which name none. */
  database: z.string().min(1).default('milepost'),
  /** Bytes that the engine may use in all; the process takes some 250 MB besides. */
  memoryBytes: z
    .int()
    .min(128 * MiB)
    .default(1024 * MiB),
  /** Bytes of memory of one query; absent: 60 % of `memoryBytes`. */
  queryMemoryBytes: z.int().positive().optional(),
  /** Bytes of an answer in a format that cannot be streamed; several times as much is needed to make it. */
  resultBytes: z
    .int()
    .positive()
    .default(64 * MiB),
  /** Bytes of an INSERT's data, unpacked where the gateway unpacks it. */
  maxBodyBytes: z
    .int()
    .positive()
    .default(1024 * MiB),
  maxStatementBytes: z.int().positive().default(MiB),
  /** Seconds that a query of `analyst` may take. */
  readerSeconds: z.number().positive().default(60),
  /** Queries that run at once. */
  sessions: z.int().min(2).max(64).default(4),
  logLevel: z.enum(['debug', 'info', 'warn', 'silent']).default('warn'),
  /** End when stdin ends: how a child notices that its parent was killed. */
  endWithStdin: z.boolean().default(false),
})

export type GatewayOptions = z.input<typeof gatewayConfig>
export type GatewayConfig = z.output<typeof gatewayConfig> & { readonly queryMemoryBytes: number }

/** Threads of libuv's pool: one for each session and KILL QUERY, and some for files and compression. */
export const threadsFor = (sessions: number): number => sessions + 4

/** @throws Error with one line that names every wrong key */
export function configured(json: string | undefined): GatewayConfig {
  if (json === undefined) throw new Error('no configuration: give it as JSON, as the first argument')
  let given: unknown
  try {
    given = JSON.parse(json)
  } catch {
    throw new Error('the configuration is not JSON')
  }
  const { success, data, error } = gatewayConfig.safeParse(given)
  if (!success) throw new Error(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
  return { ...data, queryMemoryBytes: data.queryMemoryBytes ?? Math.floor(data.memoryBytes * 0.6) }
}
