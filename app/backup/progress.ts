/** How far something is that takes long: a line on standard error now and then, none where it is quick. */
const EVERY_MS = 2_000

/** How much is done, and how much there is to do, known once it is begun. */
export type Progress = (done: number, of: number) => void

export const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`
export const records = (count: number): string => `${count.toLocaleString('en')} records`

export function progressLines(what: string, amount: (n: number) => string = megabytes): Progress {
  let last = performance.now()
  return (done, of) => {
    if (performance.now() - last < EVERY_MS) return
    last = performance.now()
    process.stderr.write(`${what}: ${Math.floor((100 * done) / of)} % of ${amount(of)}\n`)
  }
}

/** Aborts on SIGINT and SIGTERM, with the error that is to be told. */
export function interruption(what: string): AbortSignal {
  const stop = new AbortController()
  const end = () =>
    stop.abort(Object.assign(new Error(`${what} was broken off; nothing is left of it`), { exitCode: 130 }))
  process.once('SIGINT', end).once('SIGTERM', end)
  return stop.signal
}
