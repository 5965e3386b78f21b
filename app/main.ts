/** The command line: `milepost COMMAND`. */
import { type Command, print, UsageError } from './commands/command.ts'
import { LogRefused } from '../streams/log/log.ts'
import { ConfigError } from './config.ts'
import { UNRECOVERABLE } from './supervise.ts'
import { version } from './version.ts'

interface Entry {
  readonly summary: string
  readonly load: () => Promise<Command>
}
/** Loaded when called: `start` runs in processes that need one part only. */
const commands: Readonly<Record<string, Entry>> = {
  start: { summary: 'run it all, or one part of it', load: async () => (await import('./commands/start.ts')).start },
  token: {
    summary: 'who may call: create, list and revoke tokens',
    load: async () => (await import('./commands/token.ts')).token,
  },
  follow: {
    summary: 'the path of one shipment through the topics',
    load: async () => (await import('./commands/follow.ts')).follow,
  },
  'dead-letters': {
    summary: 'what could not be handled: list it, show it, put it back',
    load: async () => (await import('./commands/dead-letters.ts')).deadLettersCommand,
  },
  replay: {
    summary: 'let a sink have everything again',
    load: async () => (await import('./commands/replay.ts')).replay,
  },
  backup: {
    summary: 'a copy of the running installation',
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  restore: {
    summary: 'a new installation of such a copy',
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  migrate: {
    summary: 'to Kafka, or to another number of partitions',
    load: async () => (await import('./commands/migrate.ts')).migrate,
  },
  odoo: {
    summary: 'show cases and arrivals in Odoo: check, install, uninstall',
    load: async () => (await import('./commands/odoo.ts')).odoo,
  },
  topology: {
    summary: 'what reads and writes what',
    load: async () => (await import('./commands/topology.ts')).topology,
  },
  simulate: {
    summary: 'let a simulated world happen to a running Milepost',
    load: async () => (await import('./commands/simulate.ts')).simulate,
  },
  demo: {
    summary: 'the simulated world that "start" shows',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  doctor: {
    summary: 'say what is not as it has to be',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
}

const overview = (): string =>
  [
    `milepost ${version}: real-time transport visibility`,
    '',
    ...Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(14)}${summary}`),
    '',
    'milepost COMMAND --help tells more. Settings: milepost.yaml, overridden by MILEPOST_*.',
  ].join('\n')

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === 'help') {
    print(overview())
    return name === undefined ? 64 : 0
  }
  if (name === '--version') {
    print(version)
    return 0
  }
  const entry = commands[name]
  if (!entry) throw new UsageError(`there is no command ${name}\n\n${overview()}`)
  const command = await entry.load()
  if (args.includes('--help')) {
    print(`milepost ${name}: ${entry.summary}\n\n${command.usage}`)
    return 0
  }
  return command.run(args)
}

try {
  process.exitCode = await main(process.argv.slice(2))
  // A command that has ended by itself still listens to who may end it: an input held open must not keep it.
  process.stdin.pause()
} catch (error) {
  const { message, code, exitCode } = error as Error & { code?: string; exitCode?: number }
  const ours = error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS') === true
  process.stderr.write(
    `milepost: ${message}${code === 'EADDRINUSE' ? ': choose another with MILEPOST_HTTP_PORT' : ''}\n`,
  )
  if (!ours && process.env['MILEPOST_LOG_LEVEL'] === 'debug') process.stderr.write(`${(error as Error).stack ?? ''}\n`)
  const inVain = code === 'EADDRINUSE' || error instanceof LogRefused || error instanceof ConfigError
  process.exitCode = ours ? 64 : (exitCode ?? (inVain ? UNRECOVERABLE : 1))
  // Whatever is still open must not keep a program that has failed.
  setTimeout(() => process.exit(), 1_000).unref()
}
