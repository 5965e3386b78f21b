/** The command line: `milepost COMMAND`. */
import { type Command, print, UsageError } from './commands/command.ts'
import { deadLettersCommand } from './commands/dead-letters.ts'
import { doctor } from './commands/doctor.ts'
import { follow } from './commands/follow.ts'
import { replay } from './commands/replay.ts'
import { start } from './commands/start.ts'
import { token } from './commands/token.ts'
import { topology } from './commands/topology.ts'
import { ConfigError } from './config.ts'
import { UNRECOVERABLE } from './supervise.ts'
import { version } from './version.ts'

const commands: Readonly<Record<string, Command>> = {
  start,
  token,
  follow,
  'dead-letters': deadLettersCommand,
  replay,
  topology,
  doctor,
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
  const command = commands[name]
  if (!command) throw new UsageError(`there is no command ${name}\n\n${overview()}`)
  if (args.includes('--help')) {
    print(`${command.summary}\n\n${command.usage}`)
    return 0
  }
  return command.run(args)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const { message, code, exitCode } = error as Error & { code?: string; exitCode?: number }
  const ours =
    error instanceof UsageError || error instanceof ConfigError || code?.startsWith('ERR_PARSE_ARGS') === true
  process.stderr.write(
    `milepost: ${message}${code === 'EADDRINUSE' ? ': choose another with MILEPOST_HTTP_PORT' : ''}\n`,
  )
  if (!ours && process.env['MILEPOST_LOG_LEVEL'] === 'debug') process.stderr.write(`${(error as Error).stack ?? ''}\n`)
  process.exitCode = ours ? 64 : (exitCode ?? (code === 'EADDRINUSE' ? UNRECOVERABLE : 1))
  // Whatever is still open must not keep a program that has failed.
  setTimeout(() => process.exit(), 1_000).unref()
}
