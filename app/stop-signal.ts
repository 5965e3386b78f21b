import { fstatSync } from 'node:fs'

/**
 * Aborts on SIGINT and SIGTERM, and when whoever supervises us dies: then the pipe that is our standard input closes.
 * /dev/null and files (systemd, containers, nohup) are at their end from the beginning: that says nothing.
 */
export function stopSignal(): AbortSignal {
  const stop = new AbortController()
  const end = () => {
    stop.abort()
    // An input that somebody holds open would keep the process once all is done.
    process.stdin.pause()
  }
  // Not once: Ctrl-C comes twice, from the terminal and from npm or bin.js, which hand it on.
  process.on('SIGINT', end).on('SIGTERM', end)
  const input = fstatSync(0)
  if (input.isFIFO() || input.isSocket()) process.stdin.on('end', end).on('error', end).resume()
  return stop.signal
}
