/** CPU and memory of a program and all that it started, read from /proc (Linux; man 5 proc). */
import { readdirSync, readFileSync } from 'node:fs'

export interface Usage {
  /** User and system, seconds. */
  readonly cpuS: number
  /** Resident memory, MiB; what processes share is divided among them (Pss), so that the sum is what is used. */
  readonly memoryMb: number
}

/** Clock ticks a second: USER_HZ is 100 on every Linux that Node runs on. */
const HZ = 100

/** What each process is, and what it has used, by name; processes of one name are added up. */
export function usageBelow(root: number): Map<string, Usage> {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc'))
    if (/^\d+$/.test(entry)) {
      const parent = Number(statOf(Number(entry))?.[1] ?? 0)
      if (parent > 0) parents.set(Number(entry), parent)
    }
  const below = new Set([root])
  for (let grew = true; grew;) {
    grew = false
    for (const [pid, parent] of parents)
      if (below.has(parent) && !below.has(pid)) {
        below.add(pid)
        grew = true
      }
  }
  const usage = new Map<string, Usage>()
  for (const pid of below) {
    const stat = statOf(pid)
    if (!stat) continue
    const name = nameOf(pid)
    const { cpuS, memoryMb } = usage.get(name) ?? { cpuS: 0, memoryMb: 0 }
    usage.set(name, {
      cpuS: cpuS + (Number(stat[11]) + Number(stat[12])) / HZ,
      memoryMb: memoryMb + pssMb(pid),
    })
  }
  return usage
}

/** The fields after the command's name, which may hold anything: state, ppid, … */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

function pssMb(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1_024
  } catch {
    return 0
  }
}

function nameOf(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    if (words.some(word => word.includes('gateway'))) return 'clickhouse'
    return words[words.indexOf('--target') + 1 || words.length] ?? 'other'
  } catch {
    return 'gone'
  }
}
