/** The dashboards that Grafana is given: a new one is a line here. */
import { type Dashboard, dashboardOf } from './board.ts'
import { etaAccuracy } from './eta-accuracy.ts'
import { lagAndPipeline } from './lag-and-pipeline.ts'
import { shipmentsAndCases } from './shipments-and-cases.ts'

/** By the name of its file. */
export const dashboards: ReadonlyMap<string, Dashboard> = new Map([
  ['shipments-and-cases', dashboardOf(shipmentsAndCases)],
  ['lag-and-pipeline', dashboardOf(lagAndPipeline)],
  ['eta-accuracy', dashboardOf(etaAccuracy)],
])
