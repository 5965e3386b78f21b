/** Writes the dashboards of dashboards/grafana where Grafana looks for them: part of `npm run generate`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dashboards } from '../dashboards/grafana/boards.ts'

/** From the root of the repository. */
export const DASHBOARDS = 'deploy/grafana/provisioning/dashboards/milepost'

/** The text of each file, by its name. */
export const generatedDashboards = (): ReadonlyMap<string, string> =>
  new Map([...dashboards].map(([name, board]) => [`${name}.json`, `${JSON.stringify(board, null, 1)}\n`]))

if (import.meta.main)
  for (const [name, text] of generatedDashboards())
    writeFileSync(join(import.meta.dirname, '..', DASHBOARDS, name), text)
