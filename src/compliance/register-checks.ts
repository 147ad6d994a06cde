import type { ObservedProcessing } from '../registers/activity';
import { conflictsOf, Duty } from '../registers/duties';
import { FINDINGS_SHOWN, Words } from './assessment';
import { Check, EvidenceFilter, IN_PERIOD, personIn, samplesOf, scopeParams, Sources, Scope } from './check';

const DUTY_WORDS: Record<Duty, Words> = {
  prepare_payments: { en: 'booking payments', pt: 'registrar pagamentos' },
  approve_payments: { en: 'approving payments', pt: 'aprovar pagamentos' },
  correct_records: { en: 'changing booked records', pt: 'alterar registros contabilizados' },
  run_controls: { en: 'carrying out controls', pt: 'executar controles' },
  report_results: { en: 'reporting results', pt: 'emitir relatórios' },
  manage_accounts: { en: 'managing accounts', pt: 'administrar contas' },
  grant_rights: { en: 'giving rights', pt: 'conceder direitos' },
  change_systems: { en: 'changing systems', pt: 'alterar sistemas' },
};

const LEAVING = { eventType: ['USER_DELETED', 'USER_DEACTIVATED'] } as const satisfies EvidenceFilter;

export const REGISTER_CHECKS = {
  'duties-segregated': {
    cases: {
      en: 'People with financial or administrative duties',
      pt: 'Pessoas com funções financeiras ou administrativas',
    },
    fault: { en: 'with duties that exclude each other', pt: 'com funções incompatíveis' },
    run: async (_, { duties }) => {
      const people = await duties();
      const conflicts = conflictsOf(people);
      const findings = conflicts
        .map(({ person, duties: [a, b] }) => ({
          severity: 'high' as const,
          title: {
            en: `${personIn(person).en} did both: ${DUTY_WORDS[a.duty].en} and ${DUTY_WORDS[b.duty].en}`,
            pt: `${personIn(person).pt} acumulou: ${DUTY_WORDS[a.duty].pt} e ${DUTY_WORDS[b.duty].pt}`,
          },
          occurredAt: new Date(Math.max(a.lastAt, b.lastAt)).toISOString(),
          eventIds: [...a.eventIds.slice(0, 1), ...b.eventIds.slice(0, 1)],
        }))
        .sort((a, b) => (a.occurredAt < b.occurredAt ? 1 : -1));
      const samples = people.flatMap(({ duties: all }) => all.flatMap(({ eventIds }) => eventIds.slice(0, 1)));
      return {
        examined: people.length,
        exceptions: conflicts.length,
        undecided: 0,
        findings: findings.slice(0, FINDINGS_SHOWN),
        samples: samples.slice(0, 5),
        filter: null,
      };
    },
  },
  'removed-users': {
    cases: { en: 'Accounts closed', pt: 'Contas encerradas' },
    fault: { en: 'active afterwards', pt: 'ativas depois' },
    run: async (scope, sources) => {
      const late = await sources.activeAfterLeaving();
      const findings = late.map(({ events, firstAt, leftEventId, eventIds }) => ({
        severity: 'critical' as const,
        title: {
          en: `An account was used after it was closed: ${events} events`,
          pt: `Uma conta foi usada após ser encerrada: ${events} eventos`,
        },
        occurredAt: new Date(firstAt).toISOString(),
        eventIds: [leftEventId, ...eventIds],
      }));
      return {
        ...(await closings(scope, sources)),
        exceptions: late.length,
        undecided: 0,
        findings: findings.slice(0, FINDINGS_SHOWN),
        filter: LEAVING,
      };
    },
  },
  'activities-declared': {
    cases: { en: 'Uses of data, by application and purpose', pt: 'Usos de dados, por aplicação e finalidade' },
    fault: { en: 'that the record does not declare', pt: 'que o registro não declara' },
    run: async (_, { activities }) => {
      const { declared, observed, comparison } = await activities();
      const findings = [
        ...comparison.observedNotDeclared.map((seen) => undeclared(seen)),
        ...comparison.deviations.map(({ observed: seen, activity, members }) => undeclared(seen, activity, members)),
      ];
      // Who declares nothing may keep the record elsewhere: the events do not say.
      const exceptions = declared === 0 ? 0 : findings.length;
      return {
        examined: observed.length,
        exceptions,
        undecided: findings.length - exceptions,
        findings: findings.slice(0, FINDINGS_SHOWN),
        samples: observed.flatMap(({ eventIds }) => eventIds.slice(0, 1)).slice(0, 5),
        filter: null,
      };
    },
  },
} satisfies Record<string, Check>;

async function closings(scope: Scope, { read }: Sources): Promise<{ examined: number; samples: string[] }> {
  const [row] = await read<{ examined: number; samples: string[] }>(
    `SELECT count() AS examined, ${samplesOf('1')} FROM events WHERE ${IN_PERIOD} AND event_type IN {eventType:Array(String)}`,
    { ...scopeParams(scope), ...LEAVING },
  );
  return row ?? { examined: 0, samples: [] };
}

function undeclared(seen: ObservedProcessing, activity?: string, members: readonly string[] = []) {
  const what = [seen.service, seen.resourceType, seen.purpose].filter((text) => text !== '').join(', ');
  return {
    severity: 'medium' as const,
    title:
      activity === undefined
        ? {
            en: `${seen.events} uses of data are declared by no activity: ${what}`,
            pt: `${seen.events} usos de dados não declarados em nenhuma atividade: ${what}`,
          }
        : {
            en: `${seen.events} uses of data differ from the activity ${activity} in ${members.join(', ')}: ${what}`,
            pt: `${seen.events} usos de dados divergem da atividade ${activity} em ${members.join(', ')}: ${what}`,
          },
    occurredAt: new Date(seen.lastAt).toISOString(),
    eventIds: seen.eventIds,
  };
}
