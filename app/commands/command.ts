/** A subcommand of `milepost`. */
export interface Command {
  /** What `--help` prints. */
  readonly usage: string
  /** Resolves to the exit code. Throws `UsageError`, `ConfigError`, or what it could not do, as an error that says what to do next. */
  run(args: readonly string[]): Promise<number>
}

/** The words of the call are off. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
export const printJson = (value: unknown): void => {
  print(JSON.stringify(value, null, 2))
}

/** Rows under headings, in columns as wide as they need to be. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map(row => row[i]?.length ?? 0)))
  for (const row of [headings, ...rows])
    print(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

export const isoOf = (at: number): string => new Date(at).toISOString()
