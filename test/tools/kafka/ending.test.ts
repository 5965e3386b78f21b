import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { childrenOf, commandOf } from '../../../tools/chaos/processes.ts'
import { kafkaIsHere } from '../../../tools/kafka/install.ts'
import { eventually, lives } from './asking.ts'

const kafka = kafkaIsHere()
const RUN = join(import.meta.dirname, '../../../tools/kafka/run.ts')

/** run.ts, once both run; their processes and those that watch them, and their folders. */
async function running() {
  const person = spawn(process.execPath, [RUN], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  person.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  await eventually(() => said.includes('MILEPOST_SCHEMA_REGISTRY_URL') || person.exitCode !== null)
  const javas = childrenOf(person.pid ?? 0)
  const processes = [...javas, ...javas.flatMap(childrenOf)]
  const folders = javas.flatMap(pid => /\/\S*milepost-(?:kafka|registry)-\w{6}/.exec(commandOf(pid)) ?? [])
  return { person, said, javas, processes, folders }
}

describe('Kafka and the registry of a process', { skip: !kafka.here && kafka.why, timeout: 120_000 }, () => {
  for (const [signal, how] of [
    ['SIGINT', 'is told to end'],
    ['SIGKILL', 'is killed'],
  ] as const)
    test(`are gone, and their folders too, when it ${how}`, async () => {
      const { person, said, javas, processes, folders } = await running()
      assert.match(
        said,
        /^MILEPOST_KAFKA_BROKERS=127\.0\.0\.1:\d+\nMILEPOST_SCHEMA_REGISTRY_URL=http:\/\/127\.0\.0\.1:\d+\/apis\/ccompat\/v7\n$/,
      )
      assert.equal(javas.length, 2)
      assert.equal(processes.length, 4)
      assert.equal(folders.length, 2)
      assert.deepEqual(processes.filter(lives), processes)
      assert.deepEqual(folders.filter(existsSync), folders)
      // One that does not move cannot end itself.
      if (signal === 'SIGKILL') for (const pid of javas) process.kill(pid, 'SIGSTOP')
      person.kill(signal)
      await once(person, 'exit')
      await eventually(() => !processes.some(lives) && !folders.some(existsSync))
    })
})
