/** CPU and memory of a program and all that it started. */
import { childrenOf, commandOf, statOf, textOf } from '../chaos/processes.ts'

export interface Usage {
  /** User and system, seconds. */
  readonly cpuS: number
  /** Resident memory, MiB; what processes share is divided among them (Pss), so that the sum is what is used. */
  readonly memoryMb: number
}

/** Clock ticks a second: USER_HZ is 100 on every Linux that Node runs on. */
const HZ = 100

/** What each process is, and what it has used, by name; processes of one name are added up. */
export function usageBelow(roots: readonly number[]): Map<string, Usage> {
  const usage = new Map<string, Usage>()
  const below = [...roots]
  for (const pid of below) {
    below.push(...childrenOf(pid))
    const name = nameOf(pid)
    const stat = statOf(pid)
    if (stat.length < 13) continue
    const { cpuS, memoryMb } = usage.get(name) ?? { cpuS: 0, memoryMb: 0 }
    usage.set(name, { cpuS: cpuS + (Number(stat[11]) + Number(stat[12])) / HZ, memoryMb: memoryMb + pssMb(pid) })
  }
  return usage
}

const pssMb = (pid: number): number => Number(/^Pss:\s+(\d+) kB/m.exec(textOf(pid, 'smaps_rollup'))?.[1] ?? 0) / 1_024

function nameOf(pid: number): string {
  const command = commandOf(pid)
  if (command.includes('kafka.Kafka')) return 'kafka'
  return command.includes('gateway') ? 'clickhouse' : (/--target (\S+)/.exec(command)?.[1] ?? 'other')
}
