/** What every log must do, on a real broker. */
import { test } from 'node:test'
import { KafkaLog } from '../../../../streams/log/kafka/kafka.ts'
import { contract } from '../contract.ts'
import { newNamespace, optionsOf, skip } from './broker.ts'

if (skip === false)
  contract('Kafka', () => {
    const namespace = newNamespace()
    return Promise.resolve({
      open: async () => KafkaLog.open(await optionsOf(namespace)),
      kill: log => log.close(),
      remove: () => Promise.resolve(),
    })
  })
else test('a log: Kafka', { skip }, () => undefined)
