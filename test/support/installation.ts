/** A real Milepost for a test: in a directory of its own, its processes gone when the test is over. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { localWire } from '../../schemas/codec.ts'
import type { Wire } from '../../streams/event.ts'
import type { EmbeddedLog } from '../../streams/log/embedded/embedded.ts'
import { caughtUp } from '../../tools/chaos/caught-up.ts'
import { Installation, type InstallationOptions, type Target } from '../../tools/chaos/installation.ts'
import type { Program } from '../../tools/chaos/program.ts'

/** The embedded log, and how its records are written. */
export interface OpenedFile {
  readonly log: EmbeddedLog
  readonly wire: Wire
}

export interface Laid {
  readonly at: Installation
  /** Start a target; it is ended after the test. */
  readonly launch: (target: Target | 'all', env?: Readonly<Record<string, string>>, by?: readonly string[]) => Program
  /** Start a target that answers HTTP, and wait until it does. */
  readonly up: (
    target: 'ingest' | 'all',
    env?: Readonly<Record<string, string>>,
    by?: readonly string[],
  ) => Promise<Program>
  /** POST /v1/positions, once. */
  readonly post: (positions: readonly object[]) => Promise<Response>
  /** Resolves when all hops (those that matter) have read and heard everything. */
  readonly caughtUp: (matters?: (hop: string) => boolean) => Promise<void>
  /** Look into the log, beside the processes. */
  readonly withLog: <T>(look: (opened: OpenedFile) => Promise<T>) => Promise<T>
}

/** `root`: where the test made a place itself. */
export async function installation(t: TestContext, options: Partial<InstallationOptions> = {}): Promise<Laid> {
  const root = options.root ?? mkdtempSync(join(tmpdir(), 'milepost-system-'))
  const at = await Installation.make({ ...options, root })
  const programs: Program[] = []
  t.after(async () => {
    for (const program of programs) program.signal('SIGCONT')
    await Promise.all(programs.map(program => program.stop()))
    if (options.root === undefined) rmSync(root, { recursive: true, force: true })
  })
  const launch: Laid['launch'] = (target, env, by) => {
    const program = at.start(target, env, by)
    programs.push(program)
    return program
  }
  const withLog = async <T>(look: (opened: OpenedFile) => Promise<T>): Promise<T> => {
    const log = at.openLog()
    try {
      return await look({ log, wire: localWire })
    } finally {
      await log.close()
    }
  }
  return {
    at,
    launch,
    up: async (target, env, by) => {
      const program = launch(target, env, by)
      await at.ready(program)
      return program
    },
    post: positions => at.fetch('/v1/positions', { method: 'POST', body: JSON.stringify(positions) }),
    caughtUp: matters => withLog(({ log }) => caughtUp(log, matters && { matters })),
    withLog,
  }
}

/** Resolves when it holds. Throws, with what is awaited, after so long. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, patienceMs = 60_000): Promise<void> {
  for (const end = performance.now() + patienceMs; !(await holds());) {
    if (performance.now() > end) throw new Error(`in vain: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
