/**
 * What people say of a case in Odoo: that they take it, that it is resolved, and comments. A reading of the case's record
 * shows all that has been said of it last; nothing of ours is read back, so what we write there says nothing to us.
 */
import { CASE_ANSWER, CASE_MODEL } from '../odoo/names.ts'
import type { CaseAction, OdooChange, SubjectKind } from '../schemas/generated/events.ts'
import { fields, type Fields, instantOf, text } from './odoo.ts'

export interface Answer {
  /** Of the record's answers: known again however often the record is read. */
  readonly id: string
  readonly action: CaseAction
}
type About = Pick<CaseAction, 'caseId' | 'subjectKind' | 'subjectId'>

const SUBJECTS: readonly SubjectKind[] = ['shipment', 'vehicle', 'source', 'reference']
/** What a person typed; all else in a chatter is Odoo's, or ours. A reply by mail counts. */
const TYPED: readonly unknown[] = ['comment', 'email']
const MAX_TEXT_CHARS = 4_000

/** In the order in which they were said. None: it is no case, or is gone, or nobody has said anything. */
export function answersOf({ model, deleted, row }: OdooChange): Answer[] {
  if (model !== CASE_MODEL || deleted) return []
  const record = JSON.parse(row) as Fields
  const about = aboutOf(record)
  if (!about) return []
  const all = [...taken(record, about), ...resolved(record, about), ...comments(record, about)]
  return all.sort((a, b) => a.action.occurredAt - b.action.occurredAt || (a.id < b.id ? -1 : 1))
}

function aboutOf(record: Fields): About | undefined {
  const [caseId, subjectId] = [text(record['x_case_id']), text(record['x_subject_id'])]
  const subjectKind = SUBJECTS.find(kind => kind === record['x_subject_kind'])
  return caseId === null || subjectId === null || !subjectKind ? undefined : { caseId, subjectKind, subjectId }
}

function taken(record: Fields, about: About): Answer[] {
  const at = instantOf(record[CASE_ANSWER.assignedAt])
  const by = nameOf(record[CASE_ANSWER.assignee])
  if (at === undefined || by === null) return []
  const basis = text(record[CASE_ANSWER.assignedBasis]) ?? ''
  const action: CaseAction = { ...about, occurredAt: at, action: 'acknowledge', by, text: null, basis }
  return [{ id: `acknowledge/${at}/${by}`, action }]
}

function resolved(record: Fields, about: About): Answer[] {
  const at = instantOf(record[CASE_ANSWER.resolvedAt])
  const by = nameOf(record[CASE_ANSWER.resolvedBy])
  const basis = text(record[CASE_ANSWER.resolvedBasis])
  if (at === undefined || by === null || basis === null) return []
  const said = text(record[CASE_ANSWER.resolution])?.slice(0, MAX_TEXT_CHARS) ?? null
  const action: CaseAction = { ...about, occurredAt: at, action: 'resolve', by, text: said, basis }
  return [{ id: `resolve/${at}/${by}`, action }]
}

/** As they were first read: an edited comment is not said again. What it rested on nobody has noted. */
function comments(record: Fields, about: About): Answer[] {
  const messages = Array.isArray(record['message_ids']) ? (record['message_ids'] as Fields[]) : []
  return messages.flatMap(message => {
    const at = instantOf(message['date'])
    const by = nameOf(message['author_id']) ?? text(message['email_from'])
    const said = plain(message['body'])
    if (!TYPED.includes(message['message_type']) || at === undefined || by === null || said === null) return []
    const action: CaseAction = { ...about, occurredAt: at, action: 'comment', by, text: said, basis: '' }
    return [{ id: `comment/${String(message['id'])}`, action }]
  })
}

const nameOf = (record: unknown): string | null => {
  const person = fields(record)
  return text(person?.['name']) ?? text(person?.['display_name'])
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: ' ', amp: '&' }

/** The words of a chatter's HTML, which Odoo has made well-formed. */
function plain(html: unknown): string | null {
  if (typeof html !== 'string') return null
  const words = html
    .replace(/<br\s*\/?>|<\/(?:p|div|li|tr|h\d)>/gi, '\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&(lt|gt|quot|#39|nbsp|amp);/g, (all, name: string) => ENTITIES[name] ?? all)
    .replace(/\n{2,}/g, '\n')
  return text(words)?.slice(0, MAX_TEXT_CHARS) ?? null
}
