import type { Breach, Told } from '../registers/breach';
import type { Law, Right, SubjectRequest } from '../registers/request';
import { Finding, FINDINGS_SHOWN, Words } from './assessment';
import type { Check, CheckResult } from './check';
import type { Deadline } from './deadlines';

/** Requests under a law, of some rights or of all. */
function requestCheck(law: Law, cases: Words, rights?: readonly Right[]): Check {
  return {
    cases,
    fault: { en: 'answered too late, or not at all', pt: 'com resposta tardia ou sem resposta' },
    run: async (_, { requests }) => {
      const meant = (await requests()).filter((each) => each.law === law && (rights?.includes(each.right) ?? true));
      return resultOf(meant.flatMap(requestCase));
    },
  };
}

/** One case and what was wrong with it. */
interface Judged {
  eventId: string | undefined;
  finding: Finding | undefined;
}

/** What is open and not due yet says nothing, so it is no case. Pure. */
export function requestCase({ id, due, closedAt, overdue, steps }: SubjectRequest): Judged[] {
  if (!overdue && closedAt === null) return [];
  const eventIds = steps.map(({ eventId }) => eventId);
  const finding: Finding = {
    severity: 'high',
    title: lateWords({ en: 'Request', pt: 'Solicitação' }, id, due, closedAt),
    occurredAt: new Date(due.end).toISOString(),
    eventIds,
  };
  return [{ eventId: eventIds[0], finding: overdue ? finding : undefined }];
}

function breachCheck(law: Law, cases: Words, to: Told): Check {
  return {
    cases,
    fault: { en: 'told too late, or not at all', pt: 'com comunicação tardia ou sem comunicação' },
    run: async ({ from }, { breaches }) =>
      resultOf((await breaches()).flatMap((breach) => breachCase(breach, law, to, from))),
  };
}

/** Clocks that ended, by a notification or by time, before `from` belong to an earlier period, unless nobody was told yet. Pure. */
export function breachCase({ id, clocks, steps }: Breach, law: Law, to: Told, from: number): Judged[] {
  const clock = clocks.find((each) => each.law === law && each.to === to);
  if (!clock?.due || clock.state === 'running' || clock.state === 'not_required') return [];
  if (clock.toldAt !== null && clock.toldAt < from) return [];
  const eventIds = steps.map(({ eventId }) => eventId);
  const finding: Finding = {
    severity: 'critical',
    title: lateWords({ en: 'Notification of breach', pt: 'Comunicação do incidente' }, id, clock.due, clock.toldAt),
    occurredAt: new Date(clock.due.end).toISOString(),
    eventIds,
  };
  return [{ eventId: eventIds[0], finding: clock.state === 'kept' ? undefined : finding }];
}

function lateWords(what: Words, id: string, due: Deadline, doneAt: number | null): Words {
  const done = doneAt === null ? undefined : new Date(doneAt).toISOString();
  return {
    en: `${what.en} ${id} was due by ${due.lastDay} and ${done ? `was made only at ${done}` : 'is still open'}`,
    pt: `${what.pt} ${id}: prazo até ${due.lastDay}, ${done ? `cumprido só em ${done}` : 'ainda em aberto'}`,
  };
}

/** Newest first, as cases are. */
function resultOf(cases: readonly Judged[]): CheckResult {
  const findings = cases.flatMap(({ finding }) => finding ?? []);
  return {
    examined: cases.length,
    exceptions: findings.length,
    undecided: 0,
    findings: findings.slice(0, FINDINGS_SHOWN),
    samples: cases.flatMap(({ eventId }) => eventId ?? []).slice(0, 5),
    filter: null,
  };
}

/** By the name of a right, the rights that are answered alike. */
const RIGHT_GROUPS = {
  access: { rights: ['access', 'confirmation'], en: 'Requests for access', pt: 'Solicitações de acesso' },
  rectification: {
    rights: ['rectification'],
    en: 'Requests for rectification',
    pt: 'Solicitações de correção',
  },
  erasure: {
    rights: ['erasure', 'anonymization'],
    en: 'Requests for erasure',
    pt: 'Solicitações de eliminação',
  },
  restriction: { rights: ['restriction'], en: 'Requests for restriction', pt: 'Solicitações de bloqueio' },
  portability: { rights: ['portability'], en: 'Requests for portability', pt: 'Solicitações de portabilidade' },
  objection: { rights: ['objection'], en: 'Objections', pt: 'Oposições' },
} satisfies Record<string, Words & { rights: Right[] }>;
const of = (group: keyof typeof RIGHT_GROUPS, law: Law): Check => {
  const { en, pt, rights } = RIGHT_GROUPS[group];
  return requestCheck(law, { en, pt }, rights);
};

export const REQUEST_CHECKS = {
  'gdpr-requests': requestCheck('gdpr', { en: 'Requests of persons', pt: 'Solicitações de titulares' }),
  'gdpr-access': of('access', 'gdpr'),
  'gdpr-rectification': of('rectification', 'gdpr'),
  'gdpr-erasure': of('erasure', 'gdpr'),
  'gdpr-restriction': of('restriction', 'gdpr'),
  'gdpr-portability': of('portability', 'gdpr'),
  'gdpr-objection': of('objection', 'gdpr'),
  'lgpd-access': of('access', 'lgpd'),
  'lgpd-correction': of('rectification', 'lgpd'),
  'lgpd-deletion': of('erasure', 'lgpd'),
  'lgpd-portability': of('portability', 'lgpd'),
  'gdpr-breaches': breachCheck(
    'gdpr',
    { en: 'Breaches and the authority', pt: 'Incidentes e a autoridade' },
    'authority',
  ),
  'lgpd-breaches': breachCheck('lgpd', { en: 'Incidents and the ANPD', pt: 'Incidentes e a ANPD' }, 'authority'),
  'lgpd-breach-persons': breachCheck(
    'lgpd',
    { en: 'Incidents and the persons', pt: 'Incidentes e os titulares' },
    'subjects',
  ),
};
