import { EmbeddedLog } from '../streams/log/embedded/embedded.ts'
import { ThreadedAppender } from '../streams/log/embedded/appender.ts'
import type { Appender, Log } from '../streams/log/log.ts'
import type { Config } from './config.ts'
import { topicPartitions } from './topics.ts'

type OurLog = Log & Pick<EmbeddedLog, 'trim' | 'db'>
/** The log of this installation, made if need be. Only this file knows which kind it is. */
export const openLog = (config: Config, mayMake = true): OurLog =>
  new EmbeddedLog({ directory: config.data, topics: topicPartitions(config.partitions), mayMake })

/** For those who look at an installation: where there is none, they make none. */
export const openExistingLog = (config: Config): OurLog => openLog(config, false)

/** Where ingest appends, without waiting for a disk on its own thread. */
export const openAppender = (config: Config): Appender & { close(): Promise<void> } =>
  new ThreadedAppender({ directory: config.data, topics: topicPartitions(config.partitions) })
