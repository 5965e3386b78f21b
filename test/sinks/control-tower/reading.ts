/**
 * A process that reads two shipments over and over until it is told which revision is the last, and then says what it saw:
 * run by views.test.ts.
 */
import { openReader } from '../../../sinks/control-tower/reader.ts'

const reader = openReader(process.argv[2] ?? '')
let until: number | undefined
process.stdin.on('data', (line: Buffer) => {
  until = Number(line)
})
const seen = new Set<number>()
let torn = 0
let last = 0
process.stdout.write('reading\n')
while (until === undefined || last < until) {
  const revisions = reader.snapshot(at => {
    const one = (id: string) =>
      at.get<{ revision: number }>('SELECT revision FROM shipments WHERE shipment_id = ?', id)?.revision
    return [one('S-1'), one('S-2')]
  })
  last = revisions[0] ?? 0
  if (revisions[0] !== revisions[1]) torn++
  seen.add(last)
  await new Promise(resolve => setImmediate(resolve))
}
process.stdout.write(`${JSON.stringify({ torn, last, different: seen.size })}\n`)
reader.close()
