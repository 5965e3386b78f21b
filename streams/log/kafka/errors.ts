/** What a broker's or the network's error means to us: try again, give up, or somebody else has the task. */
import {
  AuthenticationError,
  MultipleErrors,
  NetworkError,
  ProtocolError,
  protocolErrorsCodesById,
  ResponseError,
  TimeoutError,
} from '@platformatic/kafka'
import { Fenced, LogRefused, LogUnavailable } from '../log.ts'

/** An error of the protocol by its name there (kafka.apache.org/protocol, "Error Codes"). */
export class KafkaError extends Error {
  override readonly name = 'KafkaError'
  readonly id: string
  constructor(code: number, about: string) {
    const id = protocolErrorsCodesById[code] ?? `error ${code}`
    super(`${about}: ${id}`)
    this.id = id
  }
}

/** Throws if an answer's code is not 0. */
export function mustBeFine(code: number, about: string): void {
  if (code !== 0) throw new KafkaError(code, about)
}

const FENCED = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
  'TRANSACTION_COORDINATOR_FENCED',
  'STALE_MEMBER_EPOCH',
  'FENCED_MEMBER_EPOCH',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
])
const REFUSED = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'UNSUPPORTED_VERSION',
  'AUTHENTICATION',
  'CERTIFICATE',
])
/** Of the state that a transaction or a member was left in: what is committed is what counts, so it is claimed again. */
const BEGIN_AGAIN = new Set([
  'INVALID_TXN_STATE',
  'TRANSACTION_ABORTABLE',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
])
const PASSING = new Set([
  'NETWORK',
  'CORRUPT_MESSAGE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'REQUEST_TIMED_OUT',
  'BROKER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'NOT_CONTROLLER',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'CONCURRENT_TRANSACTIONS',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'UNSTABLE_OFFSET_COMMIT',
  'THROTTLING_QUOTA_EXCEEDED',
])

/** Node's codes of a TLS connection that can't come to be as things are set (nodejs.org/api/tls.html, OpenSSL's alerts). */
const CERTIFICATE =
  /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|CERT_|ALTNAME_INVALID|ERR_SSL_|ERR_TLS_|requires TLS/

/** The names of what went wrong, of the error and all that it carries. */
export function namesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const { cause, code, message } = error as Error & { code?: string }
  const own = [...(cause === undefined ? [] : namesOf(cause)), ...errorsIn(error).flatMap(namesOf)]
  if (error instanceof KafkaError) own.push(error.id)
  if (error instanceof ProtocolError) own.push(String(error['apiId']))
  // A broker that goes away in the middle of it has refused nobody.
  if (error instanceof AuthenticationError && !own.includes('NETWORK')) own.push('AUTHENTICATION')
  if (CERTIFICATE.test(`${code ?? ''} ${message}`)) own.push('CERTIFICATE')
  if (error instanceof NetworkError || error instanceof TimeoutError) own.push('NETWORK')
  return own
}

const errorsIn = (error: Error): readonly unknown[] =>
  error instanceof MultipleErrors || error instanceof AggregateError ? error.errors : []

export const isPassing = (error: unknown): boolean => {
  const names = namesOf(error)
  return names.length > 0 && names.every(name => PASSING.has(name))
}

/** What to say of it: which of our things it is about, or what the network said last. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const inner = [error.cause, ...errorsIn(error)].find(one => one instanceof Error)
  if (inner && !(error instanceof KafkaError)) return reasonOf(inner)
  // OpenSSL's messages name its own files; it says in short what is the matter, too.
  return 'reason' in error ? String(error.reason) : error.message
}

const CHECK: readonly (readonly [RegExp, string])[] = [
  [/CERTIFICATE/, 'Check kafkaTls, kafkaCaFile, kafkaCertFile and kafkaKeyFile'],
  [/AUTHENTICATION|SASL/, 'Check kafkaSasl, kafkaUsername and kafkaPassword'],
  [/AUTHORIZATION/, 'Check what the user may do: the ACLs on the brokers'],
  [/VERSION/, 'Check that the brokers are of Kafka 4.0 or newer'],
]

/** The error as the port of a log has it; one that is nobody's is a bug and stays what it is. */
export function explained(error: unknown, doing: string): Error {
  if (error instanceof Fenced || error instanceof LogUnavailable || error instanceof LogRefused) return error
  const names = namesOf(error)
  const told = `Kafka: ${doing}: ${[...new Set([...names, reasonOf(error)])].join(', ')}`
  const why = { cause: error }
  const refused = names.find(name => REFUSED.has(name))
  if (refused !== undefined)
    return new LogRefused(`${told}. ${CHECK.find(([kind]) => kind.test(refused))?.[1] ?? ''}`, why)
  if (names.some(name => FENCED.has(name))) return new Fenced(told, why)
  if (names.some(name => PASSING.has(name) || BEGIN_AGAIN.has(name))) return new LogUnavailable(told, why)
  return error instanceof Error ? error : new Error(told, why)
}

/** The answer, also where the client throws it for the error codes that it holds: we look at each of them. */
export async function answered<T>(request: Promise<T>): Promise<T> {
  try {
    return await request
  } catch (error) {
    if (error instanceof ResponseError && error['response'] !== undefined) return error['response'] as T
    throw error
  }
}
