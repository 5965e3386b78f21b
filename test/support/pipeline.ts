/** What it takes to run processors in a test. */
import { deadLetterOf } from '../../schemas/dead-letters.ts'
import { localWire } from '../../schemas/codec.ts'
import { clockTicks } from '../../schemas/topics.ts'
import type { DriveOptions } from '../../streams/drive.ts'

export const options: DriveOptions = { wire: localWire, clock: clockTicks, deadLetter: deadLetterOf }
