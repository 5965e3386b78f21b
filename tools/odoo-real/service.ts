/**
 * A server that goes with the process that started it, however that ends: a shell waits beside it on a pipe that only its
 * parent holds, and ends it as soon as the pipe is closed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import type { Writable } from 'node:stream'

/** `$$` stays the first shell's number, which becomes the program's by exec. A line says that it has ended by itself. */
const SUPERVISED = `
signal=$1 root=$2
shift 2
(
  read -r word <&3 && exit
  kill -"$signal" $$
  sleep 3
  rm -rf "$root"
) </dev/null >/dev/null 2>&1 &
exec "$@" 3<&-
`
const TAIL_LINES = 30
const POLL_MS = 50
const PATIENCE_MS = 30_000

export interface ServiceOptions {
  /** How it is called in errors. */
  readonly name: string
  readonly command: readonly [program: string, ...args: string[]]
  /** Its user; none: ours. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** What it writes is appended to it. */
  readonly logFile: string
  /** If our process dies it gets this signal, and this folder is removed. */
  readonly orphan: { readonly signal: 'KILL' | 'QUIT'; readonly root: string }
}

export class Service {
  readonly #options: ServiceOptions
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #how: string | undefined

  /** In a process group of its own: all that it starts goes with it. */
  constructor(options: ServiceOptions) {
    this.#options = options
    const { name, command, user = {}, env, cwd, orphan } = options
    const log = openSync(options.logFile, 'a')
    try {
      this.#child = spawn('/bin/sh', ['-c', SUPERVISED, name, orphan.signal, orphan.root, ...command], {
        ...user,
        ...{ detached: true, env, cwd, stdio: ['ignore', log, log, 'pipe'] },
      })
    } finally {
      closeSync(log)
    }
    const watch = this.#child.stdio[3] as Writable
    watch.on('error', () => undefined)
    this.#ended = new Promise(resolve => {
      const end = (how: string) => {
        this.#how ??= how
        watch.end('ended\n')
        resolve()
      }
      this.#child.once('error', error => end(error.message))
      this.#child.once('exit', (code, signal) => end(`exit ${signal ?? code ?? ''}`))
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** SIGKILL to it and all that it started. */
  async kill(): Promise<void> {
    this.#group('SIGKILL')
    await this.#ended
  }

  /** Ask it to end by a signal; SIGKILL where it does not. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.#how === undefined) this.#child.kill(signal)
    const insist = setTimeout(() => this.#group('SIGKILL'), PATIENCE_MS)
    await this.#ended
    clearTimeout(insist)
    // Workers of one that ended otherwise.
    this.#group('SIGKILL')
  }

  /** Resolves when `ready` says so; throws with the end of the log when it has ended before, or `timeoutMs` passed. */
  async until(ready: () => Promise<boolean>, timeoutMs = 120_000): Promise<void> {
    for (const began = performance.now(); !(await ready());) {
      if (this.#how !== undefined) throw this.#error(`ended before it was ready: ${this.#how}`)
      if (performance.now() - began > timeoutMs) throw this.#error(`not ready after ${timeoutMs} ms`)
      await new Promise(resolve => setTimeout(resolve, POLL_MS))
    }
  }

  #group(signal: NodeJS.Signals): void {
    try {
      process.kill(-(this.pid ?? NaN), signal)
    } catch {
      // There is nobody left of it.
    }
  }

  #error(why: string): Error {
    const tail = readFileSync(this.#options.logFile, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES)
    return new Error(`${this.#options.name}: ${why}\n${tail.map(line => `  ${line}`).join('\n')}`)
  }
}
