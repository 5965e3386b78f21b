// The health check of a container. Plain JavaScript, and nothing but Node: it runs every few seconds.
//
//   node health.js                        HTTP is served here
//   node health.js processors|sinks URL   none of these hops is without a living process, by what ingest at URL knows
//
// The second cannot tell one replica from another: as long as the others do the work, all are healthy. Where ingest
// does not answer, nothing is known against them.
const [kind = 'live', base = `http://127.0.0.1:${process.env.MILEPOST_HTTP_PORT || 8080}`] = process.argv.slice(2)
const TIMEOUT_MS = 3_000

const ask = path => fetch(base + path, { signal: AbortSignal.timeout(TIMEOUT_MS) })

async function live() {
  const { ok, status } = await ask('/health/live')
  return ok ? [] : [`HTTP answers ${status}`]
}

async function stopped() {
  const answer = await ask('/health/ready').catch(() => undefined)
  if (answer === undefined || ![200, 503].includes(answer.status)) return []
  const { hops } = await answer.json()
  const ours = hops.filter(({ hop }) => hop.includes('/') === (kind === 'sinks'))
  return ours.filter(({ state }) => state === 'stopped').map(({ hop }) => `${hop} is stopped`)
}

const checks = { live, processors: stopped, sinks: stopped }
const check = checks[kind]
if (!check) throw new Error(`there is no check ${kind}: ${Object.keys(checks).join(', ')}`)
const faults = await check().catch(error => [String(error.cause ?? error)])
for (const fault of faults) console.error(fault)
process.exitCode = faults.length === 0 ? 0 : 1
