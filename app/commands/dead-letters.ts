import { parseArgs } from 'node:util'
import type { Instant } from '../../streams/time.ts'
import { loadConfig } from '../config.ts'
import { type Letter, lettersIn, replayLetter } from '../dead-letters.ts'
import { openFor, type Opened } from '../open-log.ts'
import { topicNamed } from '../topic-named.ts'
import { type Command, isoOf, print, printJson, printTable, UsageError } from './command.ts'

/** The record inside, decoded if it can be. */
function contentOf({ wire }: Opened, { value }: Letter): unknown {
  const topic = topicNamed(value.topic)
  if (!topic) return null
  try {
    return wire.open(topic, value.raw, value.recordCause)
  } catch (error) {
    return `can't be decoded: ${error instanceof Error ? error.message : String(error)}`
  }
}

export const deadLettersCommand: Command = {
  usage: `milepost dead-letters list [--json]
milepost dead-letters show NUMBER [--json]
milepost dead-letters replay NUMBER... | --all [--again]

replay puts the record back into its topic once; --again also those that were put back before.`,
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean' }, all: { type: 'boolean' }, again: { type: 'boolean' } },
    })
    const [verb, ...numbers] = positionals
    const opened = await openFor(loadConfig(process.env), 'visitor')
    try {
      const all = await lettersIn(opened)
      const chosen = values.all ? all : all.filter(letter => numbers.includes(String(letter.number)))
      if (verb === 'list' && values.json)
        printJson(all.map(({ value: { raw, ...rest }, ...envelope }) => ({ ...envelope, ...rest, bytes: raw.length })))
      else if (verb === 'list')
        printTable(
          ['number', 'hop', 'topic', 'key', 'occurred', 'replayed', 'reason'],
          all.map(({ number, value, replayed }) => [
            String(number),
            value.hop,
            value.topic,
            value.key,
            isoOf(value.occurredAt),
            replayed ? 'yes' : '',
            value.reason,
          ]),
        )
      else if (verb === 'show' && chosen[0])
        printJson({
          ...chosen[0].value,
          raw: Buffer.from(chosen[0].value.raw).toString('base64'),
          record: contentOf(opened, chosen[0]),
        })
      else if (verb === 'replay' && chosen.length > 0) {
        const due = chosen
          .filter(letter => (values.again ?? false) || !letter.replayed)
          .filter(letter => letter.value.raw.length > 0)
        for (const letter of due) await replayLetter(opened, letter, Date.now() as Instant, 'cli')
        print(`${due.length} of ${chosen.length} put back; the others had been before (see --again) or have no bytes`)
      } else
        throw new UsageError(
          verb === 'show' || verb === 'replay'
            ? 'no dead letter of that number: see milepost dead-letters list'
            : 'list, show or replay?',
        )
      return 0
    } finally {
      await opened.log.close()
    }
  },
}
