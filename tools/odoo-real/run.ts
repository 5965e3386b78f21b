/** A real Odoo to try things with, until Ctrl-C: `node tools/odoo-real/run.ts`. */
import { install } from './install.ts'
import { LOGINS, RealOdoo } from './start.ts'

await install(what => process.stdout.write(`${what}\n`))
const odoo = await RealOdoo.start()
const rows = LOGINS.map(login => `${login}\t${odoo.passwords[login]}\t${odoo.keys[login]}`)
process.stdout.write(
  [
    `${odoo.url}  database ${odoo.database}`,
    `psql -h ${odoo.postgres.host} -U odoo ${odoo.database}`,
    `log ${odoo.logFile}`,
  ]
    .concat('login\tpassword\tAPI key', ...rows, '')
    .join('\n'),
)
const ended = Promise.withResolvers<undefined>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => ended.resolve(undefined))
const alive = setInterval(() => undefined, 1 << 30)
await ended.promise
clearInterval(alive)
await odoo.stop()
