/** What must hold of every service in docker-compose.yml; each rule is tried on a file that breaks it. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Compose, composeText, mountsOf, parseCompose, ROOT, type Service, uidOf } from './compose.ts'

const FULL_VERSION = /^(?:[\w.-]+\/)*[\w-]+:\d+\.\d+\.\d+[\w.-]*$/
const NAMES_A_SECRET = /PASSWORD|SECRET|TOKEN|CREDENTIAL|(?:^|_)KEY(?:_|$)/
/** Upper case, lower case and digits in one word: nobody's name for anything. */
const LOOKS_DRAWN = /(?=\w*[a-z])(?=\w*[A-Z])(?=\w*\d)[\w+/=-]{20,}|whsec_\w+|mp_\w{12}/
const isOneShot = ({ restart }: Service) => restart === 'no'
/** Hosts that a service is told to talk to. */
const hostsIn = ({ environment = {}, healthcheck }: Service, names: readonly string[]): string[] => {
  const told = [...Object.values(environment), ...(healthcheck?.test ?? [])].join(' ')
  return names.filter(name => new RegExp(`(?:^|[\\s,/@])${name}:\\d+`).test(told))
}

type Rule = (name: string, service: Service, all: Compose) => readonly (string | false)[]

const rules: readonly Rule[] = [
  (_, { image }) => [!FULL_VERSION.test(image) && `${image} is not a full version`],
  (_, service) => {
    const { healthcheck: check = {} } = service
    if (isOneShot(service)) return []
    const missing = ['test', 'interval', 'timeout', 'retries', 'start_period'].filter(key => check[key] === undefined)
    return [missing.length > 0 && `its health check has no ${missing.join(', ')}`]
  },
  (_, service) => [
    !['unless-stopped', 'no'].includes(service.restart ?? '') && 'nobody starts it again',
    service.deploy?.resources?.limits?.memory === undefined && 'its memory has no limit',
    service.stop_grace_period === undefined && 'nobody says how long its end may take',
    service.logging?.options?.['max-size'] === undefined && 'its log grows for ever',
    service.init !== true && 'its children are nobody’s when they die',
  ],
  (_, service) => [
    !service.cap_drop?.includes('ALL') && 'it keeps capabilities',
    !service.security_opt?.includes('no-new-privileges:true') && 'it may gain privileges',
    uidOf(service) === 0 && !isOneShot(service) && 'it runs as root',
    service.container_name !== undefined && 'it has a name of its own, so there can be only one',
  ],
  (_, { ports = [] }) => ports.map(port => !/^127\.0\.0\.1:\d+:\d+$/.test(port) && `${port} is open to other machines`),
  (_, { environment = {} }) =>
    Object.entries(environment).map(
      ([key, value]) =>
        NAMES_A_SECRET.test(key) &&
        !(key.endsWith('_FILE') && String(value).startsWith('/secrets/')) &&
        `${key} is written here`,
    ),
  (_, service, { volumes }) =>
    mountsOf(service).flatMap(({ source, target, bound, readOnly }) => [
      bound && !existsSync(join(ROOT, source)) && `${source} is not there`,
      bound && !readOnly && `${source} of the repository can be written`,
      !bound && !(source in volumes) && `there is no volume ${source}`,
      source === 'secrets' && !readOnly && !isOneShot(service) && `${target} can be written`,
    ]),
  (_, service, { services }) => {
    const { depends_on: awaited = {} } = service
    const reads = mountsOf(service).some(({ source }) => ['secrets', 'registry'].includes(source))
    return [
      reads && !isOneShot(service) && !awaited['prepare'] && 'it does not wait for what it is given',
      ...Object.entries(awaited).map(([other, { condition }]) => {
        const known = services[other]
        if (!known) return `it waits for ${other}, which is not there`
        const possible = isOneShot(known) ? 'service_completed_successfully' : 'service_healthy'
        return condition !== possible && `it waits for ${other} to be ${condition}`
      }),
    ]
  },
  (_, service, { services, networks }) => {
    const { networks: joined = [] } = service
    return [
      joined.length === 0 && service.network_mode !== 'none' && 'it is on a network that nobody chose',
      (service.ports ?? []).length > 0 &&
        joined.every(net => networks[net]?.internal === true) &&
        'its ports lead nowhere: every network of it is internal',
      ...joined.map(net => !(net in networks) && `there is no network ${net}`),
      ...hostsIn(service, Object.keys(services)).map(
        host => !services[host]?.networks?.some(net => joined.includes(net)) && `${host} is not on its networks`,
      ),
    ]
  },
  (name, service, { networks }) => {
    if (!['kafka', 'registry'].includes(name)) return []
    return [
      (service.ports ?? []).length > 0 && 'it is not for the outside',
      !service.networks?.every(net => networks[net]?.internal) && 'it is on a network that leads outside',
    ]
  },
  // The registry asks nobody who they are.
  (name, service, { services: { registry } }) => [
    name !== 'registry' &&
      service.build === undefined &&
      registry?.networks?.some(net => service.networks?.includes(net)) === true &&
      'it could write to the registry',
  ],
  (name, service) => [
    name === 'processors' &&
      ((service.ports ?? []).length > 0 || (service.deploy?.replicas ?? 1) < 2) &&
      'it cannot scale',
  ],
]

/** What is wrong, each in a sentence. */
function faultsOf(text: string): string[] {
  const all = parseCompose(text)
  const faults = Object.entries(all.services).flatMap(([name, service]) =>
    rules
      .flatMap(rule => rule(name, service, all))
      .filter(fault => fault !== false)
      .map(fault => `${name}: ${fault}`),
  )
  const mounted = Object.values(all.services).flatMap(mountsOf)
  for (const volume of Object.keys(all.volumes))
    if (!mounted.some(({ source }) => source === volume)) faults.push(`nobody uses the volume ${volume}`)
  const data = (name: string) =>
    mountsOf(all.services[name] ?? { image: '' }).find(({ target }) => target === '/data')?.source
  if (data('ingest') !== data('sinks')) faults.push('ingest does not read what sinks write')
  const drawn = LOOKS_DRAWN.exec(text)
  if (drawn) faults.push(`${drawn[0].slice(0, 4)}… looks like a secret`)
  return faults
}

test('every service is pinned, watched, bounded, started again, without rights, and without a secret', () => {
  assert.deepEqual(faultsOf(composeText), [])
})

const planted: readonly (readonly [broken: string, from: string | RegExp, to: string, fault: RegExp])[] = [
  ['a tag that moves', 'apache/kafka:4.3.1', 'apache/kafka:latest', /kafka: apache\/kafka:latest is not a full/],
  ['half a version', 'clickhouse-server:26.8.18.2', 'clickhouse-server:26.8', /clickhouse: .* is not a full version/],
  ['no tag', 'grafana/grafana:13.2.2', 'grafana/grafana', /grafana: .* is not a full version/],
  [
    'no health check',
    /(?<=\n {2}kafka:[^]*?)\n {4}healthcheck:\n(?: {6}.*\n)+/,
    '\n',
    /ingest: its health check has no test/,
  ],
  ['no interval', 'interval: 10s', 'x-interval: 10s', /its health check has no interval/],
  ['nobody starts it', 'restart: unless-stopped', 'restart: on-failure', /kafka: nobody starts it again/],
  ['no limit', 'limits: { memory: 2G }', 'limits: {}', /kafka: its memory has no limit/],
  ['killed at once', 'stop_grace_period: 60s', 'x-nothing: 1', /how long its end may take/],
  ['endless logs', 'max-size: 10m, ', '', /its log grows/],
  ['capabilities', 'cap_drop: [ALL]', 'cap_drop: []', /kafka: it keeps capabilities/],
  ['privileges', "['no-new-privileges:true']", '[]', /ingest: it may gain privileges/],
  ['root', "user: '1000:1000'", "user: '0:0'", /kafka: it runs as root/],
  ['one of a kind', 'replicas: 2', 'replicas: 1', /processors: it cannot scale/],
  ['a name', 'command: [start, --target, processors]', 'container_name: p', /processors: it has a name of its own/],
  ['a port on all addresses', "'127.0.0.1:8080:8080'", "'8080:8080'", /ingest: 8080:8080 is open to other machines/],
  [
    'a port of Kafka',
    'ulimits: { nofile: 100000 }',
    "ports: ['127.0.0.1:9092:9092']",
    /kafka: it is not for the outside/,
  ],
  ['a password', 'LOG_LEVEL: WARN', 'REGISTRY_DATASOURCE_PASSWORD: sa', /registry: .*PASSWORD is written here/],
  ['a password by another name', 'LOG_LEVEL: WARN', 'LOG_LEVEL: Xk29fjWQe8vN2mPq7Lz4RtYb', /looks like a secret/],
  ['a file that is not there', './deploy/clickhouse/users.xml', './deploy/users.xml', /clickhouse: .* is not there/],
  ['a file that it may change', 'users.d/milepost.xml:ro', 'users.d/milepost.xml', /of the repository can be written/],
  ['a volume that is not there', 'kafka:/var/lib', 'kofka:/var/lib', /there is no volume kofka/],
  [
    'secrets to write',
    '- state:/data\n      - secrets:/secrets:ro',
    '- state:/data\n      - secrets:/secrets',
    /processors: \/secrets can be written/,
  ],
  [
    'no waiting',
    /(?<=image: apache[^]*?)prepare: \{.*\}/,
    'registry: { condition: service_healthy }',
    /kafka: it does not wait/,
  ],
  [
    'waiting for what ends',
    'kafka: { condition: service_healthy }',
    'kafka: { condition: service_completed_successfully }',
    /it waits for kafka to be/,
  ],
  [
    'a network apart',
    'networks: [pipeline, schemas, warehouse]',
    'networks: [pipeline, schemas]',
    /sinks: clickhouse is not on its networks/,
  ],
  [
    'ports that lead nowhere',
    "networks: [edge, warehouse]\n    ports: ['127.0.0.1:3000",
    "networks: [warehouse]\n    ports: ['127.0.0.1:3000",
    /grafana: its ports lead nowhere/,
  ],
  [
    'Kafka outside',
    'networks: [pipeline]\n',
    'networks: [pipeline, edge]\n',
    /kafka: it is on a network that leads outside/,
  ],
  ['an open network', 'schemas: { internal: true }', 'schemas: {}', /registry: it is on a network that leads outside/],
  [
    'a guest at the registry',
    'networks: [edge, warehouse]',
    'networks: [edge, warehouse, schemas]',
    /it could write to the registry/,
  ],
  ['another read model', '- milepost:/data', '- state:/data', /ingest does not read what sinks write/],
]
for (const [broken, from, to, fault] of planted)
  test(`found: ${broken}`, () => {
    const text = composeText.replace(from, to)
    assert.notEqual(text, composeText, 'there is nothing to break: the list above is out of date')
    assert.match(faultsOf(text).join('\n'), fault)
  })

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

test('versions are those that the tests run, and those of this release', () => {
  const { version, dependencies } = JSON.parse(read('package.json')) as {
    version: string
    dependencies: Record<string, string>
  }
  const pom = read('tools/kafka/pom.xml')
  const tested = (name: string) => new RegExp(`<${name}\\.version>(.*)</`).exec(pom)?.[1] ?? ''
  const { services } = parseCompose(composeText)
  const tag = (name: string) => services[name]?.image.split(':')[1]
  for (const name of ['prepare', 'ingest', 'processors', 'sinks']) assert.equal(tag(name), version, name)
  assert.equal(tag('kafka'), tested('kafka'))
  assert.equal(tag('registry'), tested('apicurio'))
  const dockerfile = read('Dockerfile')
  assert.deepEqual(
    [...dockerfile.matchAll(/^FROM node:([\d.]+)-/gm)].map(([, node]) => node),
    [dependencies['node'], dependencies['node']],
  )
  assert.equal(/image\.version="(.*)"/.exec(dockerfile)?.[1], version)
})

test('what is mounted as a file is one', () => {
  for (const [name, service] of Object.entries(parseCompose(composeText).services))
    for (const { source, target } of mountsOf(service).filter(({ bound }) => bound)) {
      const looksLikeOne = /\.\w+$/.test(target)
      assert.equal(statSync(join(ROOT, source)).isFile(), looksLikeOne, `${name}: ${source}`)
    }
})
