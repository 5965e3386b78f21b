/** The installations that one day is sent to: on the embedded log, and on Kafka cut and spread in different ways. */
import { join } from 'node:path'
import { Installation, type InstallationOptions } from '../chaos/installation.ts'

export interface Setup {
  readonly name: string
  /** Of each topic; absent: the embedded log. */
  readonly onKafka?: { readonly partitions: number }
  /** Processes that share the processors' tasks. */
  readonly processes: number
}

/** Where Kafka and its registry are. */
export interface Surroundings {
  readonly brokers: readonly string[]
  readonly registryUrl: string
}

export const EMBEDDED: Setup = { name: 'embedded', processes: 1 }

export const onKafka = (partitions: number, processes: number): Setup => ({
  name: `kafka-${partitions}x${processes}`,
  onKafka: { partitions },
  processes,
})

/** An installation as a setup wants it; several on Kafka have one cluster, each under its own name. */
export const install = (
  { name, onKafka }: Setup,
  { brokers, registryUrl }: Surroundings,
  { root, ...more }: InstallationOptions,
): Promise<Installation> =>
  Installation.make({
    ...more,
    root: join(root, name),
    env: onKafka
      ? {
          MILEPOST_KAFKA_BROKERS: brokers.join(','),
          MILEPOST_SCHEMA_REGISTRY_URL: registryUrl,
          MILEPOST_NAMESPACE: name,
          MILEPOST_PARTITIONS: String(onKafka.partitions),
        }
      : {},
  })
