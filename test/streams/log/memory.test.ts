import { Disk, MemoryLog } from '../../../streams/log/memory.ts'
import { contract, TOPICS } from './contract.ts'

contract('in memory', () => {
  const disk = new Disk(topic => TOPICS.get(topic) ?? 1)
  return Promise.resolve({
    open: () => Promise.resolve(new MemoryLog(disk)),
    kill: log => log.close(),
    remove: () => Promise.resolve(),
  })
})
