/** Keeps a target's process running: it is started again when it ends, and an end that nobody asked for is told. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Installation, Target } from './installation.ts'
import type { Program } from './program.ts'

const RESTART_MS = 500

export class Kept {
  readonly target: Target
  readonly name: string
  /** What it said before it ended though nobody had killed it. */
  readonly surprises: string[] = []
  program: Program
  readonly #at: Installation
  readonly #stopping = new AbortController()
  #downMs: number | undefined
  readonly #done: Promise<void>

  /** `name`: where several run one target. */
  constructor(at: Installation, target: Target, name: string = target) {
    this.#at = at
    this.target = target
    this.name = name
    this.program = at.start(target)
    this.#done = this.#keep()
  }

  /** The process that lives; after an end, the next one. */
  async living(): Promise<Program> {
    while (!this.program.lives) await sleep(20)
    return this.program
  }

  /** kill -9, once it lives; it is started again after so long. Resolves when it is dead. */
  async kill(downMs: number): Promise<void> {
    const program = await this.living()
    this.#downMs = downMs
    await program.kill()
  }

  async stop(): Promise<void> {
    if (this.#isStopping()) return this.#done
    this.#stopping.abort()
    const { signal } = await this.program.stop()
    if (signal === 'SIGKILL') this.surprises.push(`${this.name} did not end when it was asked to`)
    await this.#done
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  async #keep(): Promise<void> {
    for (;;) {
      const { code, signal } = await this.program.ended
      if (this.#isStopping()) return
      if (this.#downMs === undefined)
        this.surprises.push(
          `${this.name} ended by itself at ${new Date().toISOString()} (${code ?? signal ?? ''}): ${this.program.stderr.slice(-1_000)}`,
        )
      await sleep(this.#downMs ?? RESTART_MS)
      this.#downMs = undefined
      if (this.#isStopping()) return
      this.program = this.#at.start(this.target)
    }
  }
}
