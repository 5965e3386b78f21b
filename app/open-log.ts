import { EmbeddedLog } from '../streams/log/embedded/embedded.ts'
import { ThreadedAppender } from '../streams/log/embedded/appender.ts'
import type { Appender, Log } from '../streams/log/log.ts'
import type { Config } from './config.ts'
import { topicPartitions } from './topics.ts'

/** The log of this installation. Only this file knows which kind it is. */
export const openLog = (config: Config): Log & Pick<EmbeddedLog, 'trim' | 'db'> =>
  new EmbeddedLog({ directory: config.data, topics: topicPartitions(config.partitions) })

/** Where ingest appends, without waiting for a disk on its own thread. */
export const openAppender = (config: Config): Appender & { close(): Promise<void> } =>
  new ThreadedAppender({ directory: config.data, topics: topicPartitions(config.partitions) })
