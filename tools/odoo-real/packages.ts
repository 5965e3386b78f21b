/** Fetches what Odoo consists of: Debian's package of it, with the scripts and fonts that it links to, and Python's packages. */
import { spawn } from 'node:child_process'
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const MIRROR = 'http://deb.debian.org/debian'
/** Signs what the mirror says, so that plain HTTP does. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const ODOO = 'odoo-19'
/** Without them every page answers 500; Font Awesome of the older Debian, for Odoo links to files that the later has no more. */
const LINKED_TO = [
  ...['libjs-jquery', 'libjs-jquery-form', 'libjs-underscore', 'fonts-font-awesome/bookworm'],
  ...['fonts-glyphicons-halflings', 'fonts-inconsolata', 'fonts-montserrat', 'fonts-ocr-b'],
  ...['fonts-roboto-unhinted', 'fonts-dejavu-core'],
]
/** Half of the package: languages, countries' bookkeeping, Odoo's own tests. */
const LEFT_OUT = ['*/i18n/*.po', '*/addons/l10n_*', '*/addons/*/tests/*']
export const PYTHON = '/usr/bin/python3'
export const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt')

/** Into `folder`/odoo: as it would lie in a system's root. Nothing of the system is changed. */
export async function fetchOdoo(folder: string): Promise<void> {
  const apt = join(folder, 'apt')
  for (const name of ['parts', 'lists/partial', 'cache/archives/partial', 'packages'])
    mkdirSync(join(apt, name), { recursive: true })
  const source = (suite: string) =>
    `Types: deb\nURIs: ${MIRROR}\nSuites: ${suite}\nComponents: main\nSigned-By: ${KEYRING}\n`
  for (const suite of ['sid', 'bookworm']) writeFileSync(join(apt, 'parts', `${suite}.sources`), source(suite))
  const settings = join(apt, 'apt.conf')
  writeFileSync(
    settings,
    [
      `Dir::Etc::SourceList "/dev/null";`,
      ...[`Dir::Etc::SourceParts "${apt}/parts";`, `Dir::State::Lists "${apt}/lists";`, `Dir::Cache "${apt}/cache";`],
      ...['Acquire::Languages "none";', 'Acquire::Retries "3";'],
      // Its own user can't write to a folder of ours.
      ...(process.getuid?.() === 0 ? ['APT::Sandbox::User "root";'] : []),
    ].join('\n'),
  )
  // Not by -c alone: /etc/apt is read after that.
  const env = { APT_CONFIG: settings }
  await done('apt-get', ['update', '-qq'], { env })
  await done('apt-get', ['download', '-qq', ODOO, ...LINKED_TO], { env, cwd: join(apt, 'packages') })
  const to = join(folder, 'odoo')
  mkdirSync(to)
  for (const file of globSync(join(apt, 'packages', '*.deb')))
    await done('/bin/sh', [
      '-c',
      'deb=$1 to=$2; shift 2; dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$to" --no-same-owner --wildcards "$@"',
      ...['unpack', file, to, ...LEFT_OUT.map(pattern => `--exclude=${pattern}`)],
    ])
  rmSync(apt, { recursive: true })
}

/** Into `folder`/python: as pinned, ready-made ones only, so that nothing of them runs here before Odoo does. */
export async function fetchPython(folder: string): Promise<void> {
  const python = join(folder, 'python')
  await done(PYTHON, ['-m', 'venv', python])
  const how = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:']
  await done(join(python, 'bin/python'), ['-m', 'pip', 'install', ...how, '-r', REQUIREMENTS])
}

interface How {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** For its standard input. */
  readonly input?: string
}
/** Run a command; throws with what it said where it fails. Resolves with that too. */
export function done(
  command: string,
  args: readonly string[],
  { env = {}, cwd, input = '' }: How = {},
): Promise<string> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, ...(cwd !== undefined && { cwd }) })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.stdin.on('error', () => undefined).end(input)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code =>
      code === 0 ? resolve(said) : reject(new Error(`${command} ${args.join(' ')}: exit ${code ?? ''}\n${said}`)),
    )
  })
}
