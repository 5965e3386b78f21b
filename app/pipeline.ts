/**
 * The pipeline, in the order an event travels it. This list is the product.
 *
 *   shipment.request ─merge─▶ shipment.merge
 *   shipment.request, .merge, odoo.change ─plan─▶ shipment.plan, vehicle.assignment, reference.link
 *   carrier.event ─claim─▶ carrier.claim ─resolve (with reference.link)─▶ shipment.event ─measure─▶ event.lag
 *   telematics.position ─follow (with vehicle.assignment)─▶ vehicle.position, shipment.sighting, vehicle.jump
 *   shipment.plan, .sighting, .event ─detect─▶ shipment.milestone ─recall─▶ lane.trip ─learn─▶ lane.model
 *                                                                ├─predict (with lane.model)─▶ shipment.eta
 *                                                                └─raise (with case.action)─▶ case
 *   odoo.change ─relay─▶ case.action
 *   vehicle.jump ─watch vehicles (with case.action)─▶ case
 *   source.heard ─watch sources (with case.action)─▶ case
 */
import { claimReferences } from '../processors/claim-references.ts'
import { detectMilestones } from '../processors/detect-milestones.ts'
import { followVehicles } from '../processors/follow-vehicles.ts'
import { learnLanes } from '../processors/learn-lanes.ts'
import { measureLag } from '../processors/measure-lag.ts'
import { mergeRequests } from '../processors/merge-requests.ts'
import { planShipments } from '../processors/plan-shipments.ts'
import { predictEtas } from '../processors/predict-etas.ts'
import { raiseCases } from '../processors/raise-cases.ts'
import { recallTrips } from '../processors/recall-trips.ts'
import { relayAnswers } from '../processors/relay-answers.ts'
import { resolveReferences } from '../processors/resolve-references.ts'
import { watchSources } from '../processors/watch-sources.ts'
import { watchVehicles } from '../processors/watch-vehicles.ts'
import type { AnyProcessor } from '../streams/processor.ts'

export const processors: readonly AnyProcessor[] = [
  mergeRequests,
  planShipments,
  claimReferences,
  resolveReferences,
  measureLag,
  followVehicles,
  detectMilestones,
  recallTrips,
  learnLanes,
  predictEtas,
  relayAnswers,
  raiseCases,
  watchVehicles,
  watchSources,
]
