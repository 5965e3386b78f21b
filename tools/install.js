// Installs what is missing, so that `npm start` and `npm test` work right after a clone. Plain JavaScript: it runs on
// whatever Node the machine has; what it installs brings the Node that everything else runs on.
import { execSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const marker = join(root, 'node_modules', '.milepost-installed')
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')

const marked = existsSync(marker) ? readFileSync(marker, 'utf8') : undefined
const installed = marked === undefined ? installedByHand() : marked === wanted

if (!installed) {
  console.error('milepost: installing what is missing (npm ci); the ClickHouse engine is large, this takes a minute …')
  const began = Date.now()
  execSync('npm ci --no-fund --no-audit --loglevel=error', { cwd: root, stdio: 'inherit' })
  console.error(`milepost: installed in ${Math.round((Date.now() - began) / 1000)} s`)
}
// Not at every start: an installation may be read-only.
if (marked !== wanted) writeFileSync(marker, wanted)

/** Whoever has run `npm ci` by hand has left no marker, but a list that is younger than what it was made of. */
function installedByHand() {
  const list = join(root, 'node_modules', '.package-lock.json')
  return (
    existsSync(list) &&
    existsSync(join(root, 'node_modules', '.bin', 'node')) &&
    statSync(list).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
  )
}
