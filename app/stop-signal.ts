/** Aborts on SIGINT and SIGTERM, and when whoever supervises us dies: then our standard input closes. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController()
  const end = () => {
    stop.abort()
    // An input that somebody holds open would keep the process once all is done.
    process.stdin.pause()
  }
  process.once('SIGINT', end).once('SIGTERM', end)
  if (!process.stdin.isTTY) process.stdin.on('end', end).on('error', end).resume()
  return stop.signal
}
