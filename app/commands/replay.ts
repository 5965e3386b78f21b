import { parseArgs } from 'node:util'
import { deadLetterOf } from '../../schemas/dead-letters.ts'
import { Delivery } from '../../streams/deliver.ts'
import { Taken } from '../../streams/log/log.ts'
import type { AnySink } from '../../streams/sink.ts'
import { loadConfig } from '../config.ts'
import { openFor } from '../open-log.ts'
import { sinkNames } from '../sinks.ts'
import { topicNamed } from '../topic-named.ts'
import { type Command, print, UsageError } from './command.ts'

export const replay: Command = {
  usage: `milepost replay SINK...

SINK is one that "milepost topology" lists, for instance clickhouse/shipment_milestones. The sinks must not be running.
Tables take what they have already without doubling it; a table that was emptied is filled again.`,
  async run(args) {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true })
    const known = new Map(sinkNames().map(sink => [sink.name, sink.reads]))
    if (positionals.length === 0) throw new UsageError(`which sink? There are ${[...known.keys()].join(', ')}`)
    const opened = await openFor(loadConfig(process.env), 'visitor')
    try {
      for (const name of positionals) {
        const reads = topicNamed(known.get(name) ?? '')
        if (!reads) throw new UsageError(`there is no sink ${name}: see milepost topology`)
        const sink: AnySink = { name, reads, write: () => Promise.reject(new Error('only rewound')) }
        const delivery = await Delivery.claim({ ...opened, deadLetter: deadLetterOf, records: 1, bytes: 1 }, sink)
        await delivery.rewind()
        await delivery.release()
        print(`${name} starts over when the sinks start`)
      }
      return 0
    } catch (error) {
      throw error instanceof Taken ? new Error(`${error.message}: stop it first`, { cause: error }) : error
    } finally {
      await opened.log.close()
    }
  },
}
