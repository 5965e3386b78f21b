/**
 * Certificates that live as long as a test. Made by openssl: Debian's Java brings it along (by ca-certificates), and
 * keytool cannot write a key as PEM.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { USER } from './commands.ts'

export interface KeyPair {
  readonly certFile: string
  readonly keyFile: string
}

/** All PEM. */
export interface Certificates {
  readonly caFile: string
  /** For localhost and 127.0.0.1, and for its own use as a client. */
  readonly server: KeyPair
  /** The server's key and certificate in one file, as Kafka's key stores are. */
  readonly keyStoreFile: string
  readonly client: KeyPair
  /** A client's too, but signed by a CA that nobody here trusts. */
  readonly stranger: KeyPair
}

/** What a client needs to be let in; the files are PEM. Without TLS: nothing. */
export interface Access {
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
  readonly username?: string
  readonly password?: string
}

export const accessBy = (what: 'password' | 'certificate', { caFile, client }: Certificates): Access =>
  what === 'password' ? { caFile, ...USER } : { caFile, ...client }

const DAYS = 7
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
const CONFIG = `
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
`

/** Makes them in a new folder of that name. Needs OpenSSL 3. */
export function makeCertificates(folder: string): Certificates {
  mkdirSync(folder, { recursive: true })
  const config = join(folder, 'openssl.cnf')
  writeFileSync(config, CONFIG)
  const make = (name: string, kind: 'authority' | 'server' | 'client', signer?: KeyPair): KeyPair => {
    const made = { certFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}.key`) }
    const into = ['-out', made.certFile, '-keyout', made.keyFile, '-subj', `/O=Milepost/CN=${name}`]
    const by = signer ? ['-CA', signer.certFile, '-CAkey', signer.keyFile] : []
    const how = ['req', '-x509', '-config', config, '-extensions', kind, '-days', String(DAYS)]
    execFileSync('openssl', [...how, ...KEY, ...into, ...by], { stdio: 'pipe' })
    return made
  }
  const ca = make('ca', 'authority')
  const server = make('server', 'server', ca)
  const keyStoreFile = join(folder, 'server.keystore.pem')
  writeFileSync(keyStoreFile, readFileSync(server.keyFile, 'utf8') + readFileSync(server.certFile, 'utf8'))
  return {
    caFile: ca.certFile,
    server,
    keyStoreFile,
    client: make('client', 'client', ca),
    stranger: make('stranger', 'client', make('other-ca', 'authority')),
  }
}
