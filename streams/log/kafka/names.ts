/** How what is ours is called on the brokers. */
export interface Names {
  readonly topic: (topic: string) => string
  readonly group: (group: string) => string
  readonly changelog: (group: string) => string
  readonly transactionalId: (task: string) => string
  readonly checkpoints: string
}

/** A slash is not for the names of topics. */
const flat = (name: string): string => name.replaceAll('/', '.')

export const namesIn = (namespace: string): Names => ({
  topic: topic => `${namespace}.${topic}`,
  group: group => `${namespace}.${flat(group)}`,
  changelog: group => `${namespace}.${flat(group)}.changelog`,
  transactionalId: task => `${namespace}.${flat(task)}`,
  checkpoints: `${namespace}.checkpoints`,
})
