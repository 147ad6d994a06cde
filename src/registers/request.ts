import { Deadline, gdprAnswer, isOverdue, lgpdAnswer } from '../compliance/deadlines';
import { Case, CaseKind, CaseStep, textOf } from './cases';

export const LAWS = ['gdpr', 'lgpd'] as const;
export type Law = (typeof LAWS)[number];

/** The rights that can be used; the articles are those of the GDPR and the LGPD. */
export const RIGHTS = [
  'access', // 15; 18 II
  'confirmation', // 15; 18 I
  'rectification', // 16; 18 III
  'erasure', // 17; 18 VI
  'anonymization', // 18 IV LGPD
  'restriction', // 18; 18 IV
  'portability', // 20; 18 V
  'objection', // 21; 18 § 2
  'consent_withdrawal', // 7(3); 18 IX
  'information_on_sharing', // 19; 18 VII
  'review_of_automated_decision', // 22; 20
  'other',
] as const;
export type Right = (typeof RIGHTS)[number];

/** Rights that are answered with what is known of the person. */
export const RIGHTS_TO_DATA: readonly Right[] = ['access', 'confirmation', 'portability'];

/** `withdrawn`: the person does not want an answer any more. */
export const REQUEST_STATES = ['open', 'answered', 'refused', 'withdrawn'] as const;
export type RequestState = (typeof REQUEST_STATES)[number];

export type RequestMove = 'opened' | 'extended' | 'answered' | 'refused' | 'withdrawn' | 'noted';

export interface RequestStep extends CaseStep {
  move: RequestMove;
  /** What does not count, such as a second answer, or an extension that came too late. */
  ignored: boolean;
}

/** A request of a data subject, as the log tells it. Times in ms since the epoch. */
export interface SubjectRequest {
  id: string;
  law: Law;
  right: Right;
  /** The reference of the person. */
  subject: string;
  openedAt: number;
  state: RequestState;
  extended: boolean;
  due: Deadline;
  /** When it was answered, refused or withdrawn. */
  closedAt: number | null;
  /** It was not closed before the end of its deadline; for one that is open: as of when it was asked. */
  overdue: boolean;
  steps: RequestStep[];
}

/** The events that make a request. */
export const REQUEST_CASES: CaseKind = {
  opening: ['GDPR_REQUEST', 'LGPD_REQUEST'],
  following: ['DATA_SUBJECT_REQUEST_COMPLETED'],
  idField: 'requestId',
  resourceType: 'request',
};

/** Where the days of a law are counted, unless somebody says otherwise. */
export const zoneOf = (law: Law, zone: string | undefined): string =>
  zone ?? (law === 'lgpd' ? 'America/Sao_Paulo' : 'UTC');

/**
 * What became of a request. The first event that opens it counts, and the first that closes it; an extension counts for the GDPR only,
 * once, and if it was given before the first deadline ended.
 * @param zone IANA zone in which days are counted; that of the law if absent
 * @param now as of when an open request is judged, ms
 */
export function foldRequest(found: Case, zone: string | undefined, now: number): SubjectRequest {
  const isOpening = ({ eventType }: CaseStep) => REQUEST_CASES.opening.includes(eventType);
  const opening = found.steps.find(isOpening);
  if (!opening) throw new TypeError(`the case ${found.id} has no beginning`);
  const law: Law = opening.eventType === 'LGPD_REQUEST' ? 'lgpd' : 'gdpr';
  const openedAt = opening.at;
  const deadline = (extended: boolean) =>
    law === 'lgpd' ? lgpdAnswer(openedAt, zoneOf(law, zone)) : gdprAnswer(openedAt, zoneOf(law, zone), { extended });
  const first = deadline(false);
  let [state, extended, closedAt]: [RequestState, boolean, number | null] = ['open', false, null];
  const steps = found.steps.map((step): RequestStep => {
    const move = step === opening ? 'opened' : moveOf(step, isOpening(step));
    const counts = step === opening || (state === 'open' && step.at >= openedAt && isAllowed(move, step));
    if (counts && move === 'extended') extended = true;
    if (counts && (move === 'answered' || move === 'refused' || move === 'withdrawn')) {
      [state, closedAt] = [move, step.at];
    }
    return { ...step, move, ignored: !counts };
  });
  function isAllowed(move: RequestMove, { at }: CaseStep): boolean {
    if (move === 'extended') return law === 'gdpr' && !extended && !isOverdue(first, at);
    return move !== 'opened';
  }
  const due = deadline(extended);
  const { id } = found;
  const right = rightOf(textOf(opening.details, 'right') ?? textOf(opening.details, 'kind'));
  const overdue = isOverdue(due, now, closedAt);
  return { id, law, right, subject: opening.subject, openedAt, state, extended, due, closedAt, overdue, steps };
}

const MOVES: Record<string, RequestMove> = {
  ...{ opened: 'opened', open: 'opened', received: 'opened' },
  ...{ extended: 'extended' },
  ...{ answered: 'answered', completed: 'answered', done: 'answered', fulfilled: 'answered' },
  ...{ refused: 'refused', rejected: 'refused', denied: 'refused' },
  ...{ withdrawn: 'withdrawn', cancelled: 'withdrawn' },
};

/** What an event says, by `details.status`; without it by its type and outcome. A status that is unknown changes nothing. */
function moveOf({ details, outcome }: CaseStep, isOpening: boolean): RequestMove {
  const status = textOf(details, 'status')?.toLowerCase();
  if (status !== undefined) return MOVES[status] ?? 'noted';
  if (isOpening) return 'opened';
  if (outcome === 'denied') return 'refused';
  return outcome === 'failure' ? 'noted' : 'answered';
}

/** The right that a sender names: `Rectification`, `data portability` … */
function rightOf(text: string | undefined): Right {
  const words = text?.toLowerCase().replace(/[\s-]+/g, '_') ?? '';
  return RIGHTS.find((right) => words === right) ?? RIGHTS.find((right) => words.includes(right)) ?? 'other';
}
