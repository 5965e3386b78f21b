/** `milepost …` as a process of its own, with what it said. It ends when we do: its standard input closes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../app/main.ts', import.meta.url))
const KEPT = 200_000

export interface End {
  /** null: a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class Program {
  readonly pid: number
  /** Resolves when it has ended, however that came. */
  readonly ended: Promise<End>
  /** Resolves when all that it said is here: of one that leaves children, when they have ended too. */
  readonly silent: Promise<unknown>
  readonly #child: ChildProcess
  #stdout = ''
  #stderr = ''
  #end: End | undefined

  /** `env` is all of the environment; `cwd` the working directory; `by` a command that becomes the one behind it. */
  constructor(args: readonly string[], env: NodeJS.ProcessEnv, cwd: string, by: readonly string[] = []) {
    const [command = '', ...rest] = [...by, process.execPath, MAIN, ...args]
    const child = spawn(command, rest, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] })
    if (child.pid === undefined) throw new Error('no process could be started')
    this.#child = child
    this.pid = child.pid
    child.stdin.on('error', () => undefined)
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#stdout = (this.#stdout + text).slice(-KEPT)))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr = (this.#stderr + text).slice(-KEPT)))
    this.silent = once(child, 'close')
    // Not 'close': children of its own may hold its outputs for longer than it lives.
    this.ended = once(child, 'exit').then(([code, signal]) => {
      this.#end = { code: code as number | null, signal: signal as NodeJS.Signals | null }
      return this.#end
    })
  }

  get lives(): boolean {
    return this.#end === undefined
  }
  get stdout(): string {
    return this.#stdout
  }
  get stderr(): string {
    return this.#stderr
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Ask it to end, and make it end where it does not. */
  async stop(patienceMs = 20_000): Promise<End> {
    this.#child.kill('SIGTERM')
    const insist = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs)
    const end = await this.ended
    clearTimeout(insist)
    return end
  }

  async kill(): Promise<End> {
    this.#child.kill('SIGKILL')
    return this.ended
  }
}

export interface Answered {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Run a command to its end. */
export async function answerOf(args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<Answered> {
  const program = new Program(args, env, cwd)
  const { code } = await program.ended
  await program.silent
  return { code, stdout: program.stdout, stderr: program.stderr }
}
