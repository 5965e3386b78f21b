import { Disk, MemoryLog } from '../../../streams/log/memory.ts'
import { contract, type Installation, TOPICS } from './contract.ts'
import { leases } from './leases.ts'

const install = (): Promise<Installation> => {
  const disk = new Disk(topic => TOPICS.get(topic) ?? 1)
  return Promise.resolve({
    open: () => Promise.resolve(new MemoryLog(disk)),
    kill: log => log.close(),
    remove: () => Promise.resolve(),
  })
}

contract('in memory', install)
leases('in memory', install)
