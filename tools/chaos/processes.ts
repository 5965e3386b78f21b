/** Processes of this machine, as /proc tells (Linux; man 5 proc). */
import { readdirSync, readFileSync } from 'node:fs'

/** A file of a process; empty: the process has ended meanwhile. */
export const textOf = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}

/** The fields of stat after the command's name, which may hold anything: state, parent, … */
export function statOf(pid: number): readonly string[] {
  const stat = textOf(pid, 'stat')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

export const commandOf = (pid: number): string => textOf(pid, 'cmdline').replaceAll('\0', ' ')

/** Processes whose parent this is. */
export const childrenOf = (parent: number): number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => Number(statOf(pid)[1]) === parent)
