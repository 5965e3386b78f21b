/** Comma separated values as RFC 4180 has them, without line breaks inside of values. */

/** Each line under the names of the first. Throws where a line has more or fewer values than there are names. */
export function csvRows(text: string): Record<string, string>[] {
  const [head = '', ...lines] = text.split(/\r?\n/).filter(line => line !== '')
  const names = valuesOf(head)
  return lines.map((line, index) => {
    const values = valuesOf(line)
    if (values.length !== names.length)
      throw new SyntaxError(`line ${index + 2}: ${values.length} values for ${names.length} names`)
    return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']))
  })
}

const VALUE = /("(?:[^"]|"")*"|[^",]*)(,|$)/y

function valuesOf(line: string): string[] {
  const values: string[] = []
  VALUE.lastIndex = 0
  for (let end = ','; end === ',';) {
    const [, value = '', then] = VALUE.exec(line) ?? []
    if (then === undefined) throw new SyntaxError(`not a line of values: ${line}`)
    values.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value)
    end = then
  }
  return values
}

/** The value, or an error that names it. */
export function valueOf(row: Readonly<Record<string, string>>, name: string): string {
  const value = row[name]
  if (value === undefined) throw new SyntaxError(`there is no column ${name}`)
  return value
}
