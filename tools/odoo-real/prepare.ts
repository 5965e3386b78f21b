/** A database with the modules and a small company in it (settle.py), laid once: each start copies it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { done } from './packages.ts'
import { giveToPostgres, layCluster, OWNER, Postgres } from './postgres.ts'

export const DATABASE = 'lab'
const MODULES = [
  ...['base', 'mail', 'base_import_module', 'base_geolocalize', 'stock', 'sale_management', 'sale_stock'],
  ...['stock_delivery', 'stock_picking_batch', 'fleet', 'stock_fleet'],
]
const SETTLE = join(import.meta.dirname, 'settle.py')

/** How to call Odoo. */
export const odooCommand = (installed: string): [string, string] => [
  join(installed, 'python/bin/python'),
  join(installed, 'odoo/usr/bin/odoo'),
]
export const odooEnv = (installed: string): Record<string, string> => ({
  PYTHONPATH: join(installed, 'odoo/usr/lib/python3/dist-packages'),
  ...{ TZ: 'UTC', LC_ALL: 'C.UTF-8' },
})
/** In the installation: what each start copies. */
export const TEMPLATE = { cluster: 'cluster', files: 'files' } as const

export async function prepare(installed: string): Promise<void> {
  // The server's user may not be allowed to look into the checkout.
  const root = mkdtempSync(join(tmpdir(), 'milepost-odoo-making-'))
  try {
    const files = join(installed, TEMPLATE.files)
    await giveToPostgres(root)
    const cluster = join(root, 'cluster')
    mkdirSync(cluster)
    await layCluster(cluster)
    const postgres = await Postgres.start(cluster, { hasty: true, root })
    try {
      await postgres.sql(`CREATE DATABASE ${DATABASE}`, 'postgres')
      const [python, odoo] = odooCommand(installed)
      const common = ['-c', '/dev/null', '-d', DATABASE, '--db_host', cluster, '--db_user', OWNER]
      const more = ['--data-dir', files, '--no-http', '--log-level', 'warn']
      const env = odooEnv(installed)
      const init = ['-i', MODULES.join(','), '--without-demo=all', '--stop-after-init']
      await done(python, [odoo, ...common, ...more, ...init], { env })
      const said = await done(python, [odoo, 'shell', ...common, ...more], { env, input: readFileSync(SETTLE, 'utf8') })
      // The shell's exit code is 0 whatever happens.
      if (!/^settled$/m.test(said)) throw new Error(`settle.py: ${said}`)
      await postgres.sql('VACUUM FULL ANALYZE', DATABASE)
    } finally {
      await postgres.stop()
    }
    await done('cp', ['-a', cluster, join(installed, TEMPLATE.cluster)])
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
