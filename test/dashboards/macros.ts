/**
 * The SQL of a panel as ClickHouse gets it: the macros and variables of the plugin put in
 * (github.com/grafana/clickhouse-datasource, "Macros").
 */
export interface Seen {
  readonly from: number
  readonly to: number
  readonly intervalS: number
  /** What the viewer has chosen, by variable; of one that is not here, all. */
  readonly chosen: Readonly<Record<string, readonly string[]>>
}

/** Throws on what it does not know. */
export function expanded(sql: string, { from, to, intervalS, chosen }: Seen): string {
  const ms = (at: number) => `fromUnixTimestamp64Milli(${at})`
  const s = (at: number) => `toDateTime(${Math.floor(at / 1_000)})`
  const text = conditions(sql, chosen)
    .replace(/\$__timeFilter_ms\(([\w.]+)\)/g, (_, column) => `${column} >= ${ms(from)} AND ${column} <= ${ms(to)}`)
    .replace(/\$__timeFilter\(([\w.]+)\)/g, (_, column) => `${column} >= ${s(from)} AND ${column} <= ${s(to)}`)
    .replace(
      /\$__timeInterval\(([\w.]+)\)/g,
      (_, column) => `toStartOfInterval(toDateTime(${column}), INTERVAL ${intervalS} second)`,
    )
    .replaceAll('$__interval_s', String(intervalS))
    .replace(/\$\{(\w+):singlequote\}/g, (_, name: string) => (chosen[name] ?? []).map(value => `'${value}'`).join())
  const left = /\$[\w{]\S*/.exec(text)
  if (left) throw new Error(`nothing is known of ${left[0]}`)
  return text
}

/** `$__conditionalAll(condition, $variable)`: the condition, or nothing where all is chosen. */
function conditions(sql: string, chosen: Seen['chosen']): string {
  const start = sql.lastIndexOf('$__conditionalAll(')
  if (start < 0) return sql
  let end = sql.indexOf('(', start)
  for (let depth = 0; ; end++) {
    if (sql[end] === undefined) throw new Error(`$__conditionalAll( is not closed: ${sql}`)
    if (sql[end] === '(') depth++
    if (sql[end] === ')' && --depth === 0) break
  }
  const [, condition = '', name = ''] = /^\((.*),\s*\$(\w+)$/s.exec(sql.slice(sql.indexOf('(', start), end)) ?? []
  if (name === '') throw new Error(`$__conditionalAll takes a condition and a variable: ${sql.slice(start, end + 1)}`)
  return conditions(sql.slice(0, start) + (chosen[name] ? condition : '1=1') + sql.slice(end + 1), chosen)
}
