/** docker-compose.yml as data, and what is run here of what it mounts. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parse } from 'yaml'

export const ROOT = join(import.meta.dirname, '..', '..')
export const COMPOSE_FILE = join(ROOT, 'docker-compose.yml')
export const composeText = readFileSync(COMPOSE_FILE, 'utf8')

/** As this file writes them: of the forms that Compose knows, one each. */
export interface Service {
  readonly image: string
  readonly build?: string
  readonly container_name?: string
  readonly user?: string
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string | number>>
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly networks?: readonly string[]
  readonly network_mode?: string
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: Readonly<Record<string, unknown>> & { readonly test?: readonly string[] }
  readonly restart?: string
  readonly init?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly stop_grace_period?: string
  readonly logging?: { readonly options?: Readonly<Record<string, string>> }
  readonly deploy?: {
    readonly replicas?: number
    readonly resources?: { readonly limits?: { readonly memory?: string } }
  }
}
export interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>
  readonly volumes: Readonly<Record<string, object>>
}

export const parseCompose = (text: string): Compose => parse(text, { merge: true }) as Compose
export const compose = parseCompose(composeText)

export function service(name: string): Service {
  const found = compose.services[name]
  if (!found) throw new Error(`docker-compose.yml has no service ${name}`)
  return found
}

/** Whatever our own image runs. */
export const ours = Object.entries(compose.services).filter(([, { build }]) => build !== undefined)

export const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
/** `ENV` of our image. */
export const baked = Object.fromEntries(
  [...dockerfile.matchAll(/^(?:ENV|\s+)\s*(MILEPOST_\w+)=(\S+)/gm)].map(([, name = '', value = '']) => [name, value]),
)
/** The environment of our service inside its container, but what is called so there is somewhere else here. */
export function environmentIn({ environment = {} }: Service, elsewhere: Readonly<Record<string, string>>) {
  const here = (value: string) =>
    Object.entries(elsewhere).reduce((text, [there, place]) => text.replaceAll(there, place), value)
  const set = Object.entries({ ...baked, ...environment }).map(([name, value]) => [name, here(String(value))] as const)
  return { MILEPOST_CONFIG: '/nowhere/milepost.yaml', ...Object.fromEntries(set) }
}

export interface Mount {
  readonly source: string
  readonly target: string
  readonly readOnly: boolean
  /** A file or folder of the repository, and no volume. */
  readonly bound: boolean
}
export const mountsOf = ({ volumes = [] }: Service): Mount[] =>
  volumes.map(written => {
    const [source = '', target = '', mode] = written.split(':')
    return { source, target, readOnly: mode === 'ro', bound: source.startsWith('.') }
  })

/** Of a user `UID:GID`. */
export const uidOf = ({ user = '0' }: Service): number => Number(user.split(':')[0])

/** A test, or all of a file. */
export interface Ending {
  readonly after: (clear: () => void | Promise<void>) => void
}

export interface Prepared {
  readonly secrets: string
  readonly volumes: string
  /** What the script said, standard output and error. */
  readonly said: string
  /** Runs it again, or another script in its place. */
  readonly again: (script?: string) => string
}

/** What the service `prepare` leaves behind, in folders of this test. Who is not root hands nothing to others. */
export function prepared(t: Ending): Prepared {
  const root = mkdtempSync(join(tmpdir(), 'milepost-prepare-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const [secrets, volumes, stand] = ['secrets', 'volumes', 'bin'].map(name => join(root, name)) as [
    string,
    string,
    string,
  ]
  for (const { target } of mountsOf(service('prepare')).filter(mount => mount.target.startsWith('/volumes/')))
    mkdirSync(join(root, target), { recursive: true })
  mkdirSync(secrets)
  mkdirSync(stand)
  if (process.getuid?.() !== 0) {
    writeFileSync(join(stand, 'chown'), '#!/bin/sh\n')
    chmodSync(join(stand, 'chown'), 0o755)
  }
  const again = (script = join(ROOT, 'deploy/prepare.sh')) =>
    execFileSync('sh', ['-c', 'exec sh "$0" "$@" 2>&1', script, secrets, volumes], {
      encoding: 'utf8',
      env: { PATH: `${stand}${delimiter}${process.env['PATH'] ?? ''}` },
    })
  return { secrets, volumes, said: again(), again }
}
