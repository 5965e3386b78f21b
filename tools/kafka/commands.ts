/** Where an installation has what, and what Java is told to run it: few cores, small heaps, many starts. */
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'

const LOGGING = `-Dlog4j2.configurationFile=${join(import.meta.dirname, 'log4j2.properties')}`
/** Without the second compiler: half the CPU of a start, and less for the first million records too. */
const JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:+ExitOnOutOfMemoryError', '-Xshare:auto']

/** Whom a cluster with SASL lets in. */
export const USER = { username: 'milepost', password: 'correct-horse-battery' } as const
const MECHANISMS = ['SCRAM-SHA-512', 'SCRAM-SHA-256']

export type Formatted = 'plain' | 'scram'
/** What formatting writes of levels of features and of users; whose it is, it does not say. */
export const CHECKPOINT = 'bootstrap.checkpoint'
export const formattedAt = (installed: string, kind: Formatted): string => join(installed, 'formatted', kind)

/** The classes that a program loads, ready to be mapped (JDK: application class data sharing). */
export const archiveOf = (installed: string, program: 'kafka' | 'registry'): string => join(installed, `${program}.jsa`)
const mapped = (archive: string): string[] => (existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : [])

const kafka = (installed: string): string[] => [LOGGING, '-cp', join(installed, 'kafka', '*')]

/** A broker. `jvm` are options that win over ours. */
export const brokerArgs = (installed: string, properties: string, jvm: readonly string[] = []): string[] => [
  '-Xmx384m',
  ...JVM,
  ...mapped(archiveOf(installed, 'kafka')),
  ...jvm,
  ...kafka(installed),
  'kafka.Kafka',
  properties,
]

export const formatArgs = (installed: string, kind: Formatted, properties: string, clusterId: string): string[] => [
  ...JVM,
  ...kafka(installed),
  ...['kafka.tools.StorageTool', 'format', '--config', properties, '--cluster-id', clusterId],
  ...(kind === 'scram' ? MECHANISMS : []).flatMap(mechanism => [
    '--add-scram',
    `${mechanism}=[name=${USER.username},password=${USER.password}]`,
  ]),
]

export interface RegistryPlace {
  readonly port: number
  /** Where it keeps what it is told. */
  readonly folder: string
}

/** A registry that only this machine reaches. Its database is a file: schemas and their ids outlive a restart. */
export function registryArgs(
  installed: string,
  { port, folder }: RegistryPlace,
  jvm: readonly string[] = [],
): string[] {
  const [jar] = globSync(join(installed, 'registry', '*-runner.jar'))
  if (jar === undefined) throw new Error(`there is no registry in ${installed}: remove that folder`)
  return [
    '-Xmx256m',
    ...JVM,
    ...mapped(archiveOf(installed, 'registry')),
    ...jvm,
    '-Dquarkus.http.host=127.0.0.1',
    `-Dquarkus.http.port=${port}`,
    `-Dquarkus.datasource.jdbc.url=jdbc:h2:file:${join(folder, 'registry')};WRITE_DELAY=0`,
    '-jar',
    jar,
  ]
}
