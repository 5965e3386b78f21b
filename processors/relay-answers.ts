/**
 * relay-answers: brings what people say of a case in Odoo to where the case is raised.
 *
 *   reads   odoo.change.v1     by model and id, those of cases
 *   keeps   what it has said
 *   writes  case.action.v1
 *
 * The rules are in domain/odoo-answers.ts.
 */
import { everyRow } from '../domain/horizon.ts'
import { answersOf } from '../domain/odoo-answers.ts'
import { CASE_MODEL } from '../odoo/names.ts'
import { json } from '../schemas/codec.ts'
import { caseActions, odooChanges } from '../schemas/topics.ts'
import { known, type PlainList } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { emit } from '../streams/topic.ts'

/** By the answer's id. */
const told: PlainList<true> = { name: 'told', codec: json() }

export const relayAnswers = processor({
  name: 'relay-answers',
  head: json<null>(),
  keeps: [told],
  emits: [caseActions],
}).on(odooChanges, (_, kept, { value }) => {
  if (value.model !== CASE_MODEL) return drop('no case')
  if (value.deleted) return { remove: everyRow(kept, [told]) }
  const news = answersOf(value).filter(({ id }) => !kept.get(told, id))
  if (news.length === 0) return drop('nothing new said of it')
  return { put: news.map(({ id }) => known(told, id, true)), emit: news.map(({ action }) => emit(caseActions, action)) }
})
