/**
 * A Java program that dies with the process that started it, however that ends: a shell waits beside it on a pipe that
 * only its parent holds, and kills it and removes its folder as soon as the pipe is closed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'

/** JAVA_HOME's, or the one of the path. */
export const java = (): string => {
  const home = process.env['JAVA_HOME']
  return home === undefined || home === '' ? 'java' : join(home, 'bin', 'java')
}

/**
 * `$$` stays the first shell's number, which becomes Java's by exec. A line on the pipe says that Java has ended, and
 * that its number may by now be another's.
 */
const SUPERVISED = `
root=$1
shift
(
  read -r word <&3 && exit
  kill -9 $$
  for again in 1 2 3 4 5 6 7 8 9 10; do
    kill -0 $$ || break
    sleep 0.1
  done
  rm -rf "$root"
) </dev/null >/dev/null 2>&1 &
exec "$@" 3<&-
`
const TAIL_LINES = 40
const POLL_MS = 50

export interface Program {
  /** How it is called in errors. */
  readonly name: string
  /** Removed too, if the process that started it dies. */
  readonly root: string
  /** What it writes to its standard output and error is appended here. */
  readonly logFile: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export class JavaProgram {
  readonly #program: Program
  readonly #child: ChildProcess
  readonly #logFrom: number
  readonly #ended: Promise<void>
  #running = true
  #how = ''

  /** In a session of its own, so that Ctrl-C reaches who started it, and that one decides. */
  constructor(program: Program) {
    this.#program = program
    this.#logFrom = existsSync(program.logFile) ? statSync(program.logFile).size : 0
    const log = openSync(program.logFile, 'a')
    try {
      this.#child = spawn('/bin/sh', ['-c', SUPERVISED, program.name, program.root, java(), ...program.args], {
        detached: true,
        env: { ...process.env, ...program.env },
        stdio: ['ignore', log, log, 'pipe'],
      })
    } finally {
      closeSync(log)
    }
    const watch = this.#child.stdio[3] as Writable
    watch.on('error', () => undefined)
    this.#ended = new Promise(resolve => {
      const end = (how: string) => {
        this.#running = false
        this.#how = how
        watch.end('ended\n')
        resolve()
      }
      this.#child.once('error', error => end(error.message))
      this.#child.once('exit', (code, signal) => end(`exit ${signal ?? code ?? ''}`))
    })
  }

  get running(): boolean {
    return this.#running
  }

  /** undefined: it has ended. */
  get pid(): number | undefined {
    return this.#running ? this.#child.pid : undefined
  }

  /** What it has written since it was started. */
  get log(): string {
    return textFrom(this.#program.logFile, this.#logFrom)
  }

  /** Sends a signal. One that has ended gets none. */
  signal(signal: NodeJS.Signals): void {
    if (this.#running) this.#child.kill(signal)
  }

  /** Resolves when it has ended with 0; throws with the end of the log when with anything else. */
  async succeeded(): Promise<void> {
    await this.#ended
    if (this.#how !== 'exit 0') throw this.error(this.#how)
  }

  /** SIGKILL, and wait until it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.#ended
  }

  /** SIGTERM, and wait until it is gone; SIGKILL and an Error when it is still there after `timeoutMs`. */
  async stop(timeoutMs = 60_000): Promise<void> {
    this.signal('SIGCONT')
    this.signal('SIGTERM')
    const { promise: late, resolve } = Promise.withResolvers<'late'>()
    const timer = setTimeout(resolve, timeoutMs, 'late')
    const how = await Promise.race([this.#ended, late])
    clearTimeout(timer)
    if (how !== 'late') return
    await this.kill()
    throw this.error(`did not stop within ${timeoutMs} ms`)
  }

  /** Resolves when `ready` says so; throws with the end of the log when it has ended before, or `timeoutMs` passed. */
  async until(ready: () => boolean | Promise<boolean>, timeoutMs = 120_000): Promise<void> {
    for (const began = performance.now(); !(await ready());) {
      if (!this.#running) throw this.error(`ended before it was ready: ${this.#how}`)
      if (performance.now() - began > timeoutMs) throw this.error(`not ready after ${timeoutMs} ms`)
      await new Promise(resolve => setTimeout(resolve, POLL_MS))
    }
  }

  error(why: string): Error {
    const tail = this.log.trimEnd().split('\n').slice(-TAIL_LINES)
    return new Error(`${this.#program.name}: ${why}\n${tail.map(line => `  ${line}`).join('\n')}`)
  }
}

function textFrom(file: string, start: number): string {
  const bytes = Buffer.alloc(statSync(file).size - start)
  const opened = openSync(file, 'r')
  try {
    return bytes.toString('utf8', 0, readSync(opened, bytes, 0, bytes.length, start))
  } finally {
    closeSync(opened)
  }
}
