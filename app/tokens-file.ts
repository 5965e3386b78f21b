import { join } from 'node:path'
import type { Config } from './config.ts'

export const tokensFile = (config: Config): string => join(config.data, 'tokens.json')
