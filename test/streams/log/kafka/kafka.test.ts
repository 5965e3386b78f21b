/** The log on a real broker: what every log must do, and what is particular to Kafka. */
import { suite } from 'node:test'
import { KafkaLog } from '../../../../streams/log/kafka/kafka.ts'
import { contract } from '../contract.ts'
import { clusterIs, newNamespace, optionsOf, skip } from './broker.ts'
import { holding } from './hold.ts'
import { reading } from './reading.ts'
import { restoring } from './restore.ts'
import { transactions } from './transactions.ts'

clusterIs({ properties: { 'group.consumer.heartbeat.interval.ms': 400, 'log.cleaner.backoff.ms': 100 } })

suite('a log on Kafka', { skip, concurrency: true }, () => {
  contract('Kafka', () => {
    const namespace = newNamespace()
    return Promise.resolve({
      open: async () => KafkaLog.open(await optionsOf(namespace)),
      kill: log => log.close(),
      remove: () => Promise.resolve(),
    })
  })
  reading()
  transactions()
  restoring()
  holding()
})
