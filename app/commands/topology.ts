import { parseArgs } from 'node:util'
import { processors } from '../pipeline.ts'
import { sinkNames } from '../sinks.ts'
import { type Command, print, printJson } from './command.ts'

/** What each processor reads and writes, as the code declares it. */
export const hops = () => ({
  processors: processors.map(({ name, handlers, emits, keeps }) => ({
    name,
    reads: [...handlers.keys()],
    writes: emits.map(topic => topic.name),
    keeps: keeps.map(list => list.name),
  })),
  sinks: sinkNames().map(({ name, reads }) => ({ name, reads: [reads] })),
})

const short = (topic: string) => topic.replace(/\.v\d+$/, '')

/** The topology as a Mermaid flowchart: topics are edges where they have a writer and a reader. */
function mermaid(): string {
  const { processors: all, sinks } = hops()
  const lines = ['flowchart LR']
  for (const { name, reads, writes } of all) {
    for (const topic of reads) lines.push(`  ${short(topic)}([${short(topic)}]) --> ${name}`)
    for (const topic of writes) lines.push(`  ${name} --> ${short(topic)}([${short(topic)}])`)
  }
  for (const { name, reads } of sinks)
    for (const topic of reads)
      lines.push(`  ${short(topic)}([${short(topic)}]) --> ${name.replace('/', '_')}[[${name}]]`)
  return lines.join('\n')
}

export const topology: Command = {
  usage: 'milepost topology [--json | --mermaid]',
  run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: { json: { type: 'boolean' }, mermaid: { type: 'boolean' } },
    })
    if (values.json) printJson(hops())
    else if (values.mermaid) print(mermaid())
    else {
      for (const { name, reads, writes, keeps } of hops().processors)
        print(`${name}\n  reads  ${reads.join(', ')}\n  keeps  ${keeps.join(', ')}\n  writes ${writes.join(', ')}`)
      for (const { name, reads } of hops().sinks) print(`${name}\n  reads  ${reads.join(', ')}`)
    }
    return Promise.resolve(0)
  },
}
