/**
 * The target `all`: each of the others as a process of its own, started again when it dies. What was committed is all
 * that a process needs, so a restart loses nothing. One that dies again and again within seconds ends the whole.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Logger } from 'pino'
import { pause } from '../streams/together.ts'

export interface Program {
  readonly name: string
  /** Arguments after `milepost`. */
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/**
 * V8's nursery, MiB: what streams through dies young, so a small one costs no CPU (measured at 30,000 positions a
 * second) and saves 50 MiB a process. A bound on the whole heap does cost: it is collected too often.
 */
const HEAP = ['--max-semi-space-size=4']
const FAST_DEATHS = 5
const FAST_MS = 10_000
const BACKOFF_MS = 200
const KILL_AFTER_MS = 15_000

/** Run all programs until aborted; resolves to the exit code: 0, or that of the program that would not stay up. */
export async function supervise(
  programs: readonly Program[],
  main: string,
  logger: Logger,
  until: AbortSignal,
): Promise<number> {
  const givenUp = new AbortController()
  const stop = AbortSignal.any([until, givenUp.signal])
  const codes = await Promise.all(programs.map(program => keepRunning(program)))
  return codes.find(code => code !== 0) ?? 0

  async function keepRunning({ name, args, env }: Program): Promise<number> {
    let deaths = 0
    for (;;) {
      const began = performance.now()
      const code = await runOnce(args, env)
      if (stop.aborted) return 0
      deaths = performance.now() - began < FAST_MS ? deaths + 1 : 1
      if (deaths < FAST_DEATHS && code !== UNRECOVERABLE) {
        logger.error({ target: name, code, deaths }, `${name} ended; it is started again`)
        await pause(BACKOFF_MS * 2 ** deaths, stop)
        continue
      }
      logger.fatal({ target: name, code, deaths }, `${name} does not stay up: see what it said above`)
      givenUp.abort()
      return code === 0 ? 1 : code
    }
  }

  /** One life of a program. It ends with us: its standard input closes when we die. */
  function runOnce(args: readonly string[], env: Program['env'] = {}): Promise<number> {
    if (stop.aborted) return Promise.resolve(0)
    return new Promise(resolve => {
      const child: ChildProcess = spawn(process.execPath, [...HEAP, main, ...args], {
        stdio: ['pipe', 'inherit', 'inherit'],
        env: { ...process.env, ...env },
      })
      let killer: NodeJS.Timeout | undefined
      const end = () => {
        child.kill('SIGTERM')
        killer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS)
      }
      stop.addEventListener('abort', end, { once: true })
      child.on('exit', (code, signal) => {
        clearTimeout(killer)
        stop.removeEventListener('abort', end)
        resolve(code ?? (signal === null ? 1 : 128))
      })
      child.on('error', () => {
        resolve(1)
      })
    })
  }
}

/** Exit code of what starting again does not mend: wrong settings, a port in use, a data directory that is not ours. */
export const UNRECOVERABLE = 78
