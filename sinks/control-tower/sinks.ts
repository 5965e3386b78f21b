/** The sinks that fill the control tower's read model: one a topic. */
import type { AnySink } from '../../streams/sink.ts'
import { casesSink } from './cases.ts'
import { carrierEventsSink, etasSink, milestonesSink, sightingsSink } from './progress.ts'
import { assignmentsSink, odooReadingsSink, plansSink, requestsSink } from './shipments.ts'
import { deadLettersSink, latesSink, refusalsSink } from './troubles.ts'
import { vehiclesSink } from './vehicles.ts'
import type { Views } from './views.ts'

export const controlTowerSinks = (views: Views): readonly AnySink[] =>
  [
    plansSink,
    requestsSink,
    odooReadingsSink,
    assignmentsSink,
    vehiclesSink,
    sightingsSink,
    carrierEventsSink,
    milestonesSink,
    etasSink,
    casesSink,
    refusalsSink,
    latesSink,
    deadLettersSink,
  ].map(sink => sink(views) as AnySink)
