import type { EventTypeName } from '../events/event-types';
import { detail, foundOf, IN_PERIOD, isSealed, personIn, rowCheck, samplesOf, sqlCheck } from './check';

/** What nobody should do both of, by what shows that somebody did it. */
const DUTIES = {
  prepare: ['FINANCIAL_TRANSACTION'],
  approve: ['FINANCIAL_APPROVAL_GRANTED', 'FINANCIAL_APPROVAL_DENIED'],
  access: ['ROLE_ASSIGNED', 'PERMISSION_GRANTED', 'USER_CREATED'],
  change: ['CONFIGURATION_CHANGED', 'DEPLOYMENT_COMPLETED', 'SCHEMA_MIGRATED'],
  correct: ['FINANCIAL_RECORD_CHANGED'],
} satisfies Record<string, EventTypeName[]>;
type Duty = keyof typeof DUTIES;

const CONFLICTS: [Duty, Duty][] = [
  ['prepare', 'approve'],
  ['prepare', 'access'],
  ['approve', 'access'],
  ['prepare', 'change'],
  ['approve', 'change'],
  ['approve', 'correct'],
];
const CONFLICT_NAMES: Record<Duty, { en: string; pt: string }> = {
  prepare: { en: 'booking payments', pt: 'registrar pagamentos' },
  approve: { en: 'approving payments', pt: 'aprovar pagamentos' },
  access: { en: 'giving access', pt: 'conceder acessos' },
  change: { en: 'changing systems', pt: 'alterar sistemas' },
  correct: { en: 'changing booked records', pt: 'alterar registros contabilizados' },
};

const PREPARER = detail('preparedBy');
const APPROVER = detail('approvedBy');
const transaction = (name: string) => (name === '' ? '' : ` ${name}`);

/** When a transaction takes effect in the books; whatever is no date counts as absent. */
const BOOKED = `toDate32OrNull(coalesce(nullIf(${detail('bookingDate')}, ''), nullIf(${detail('postingDate')}, ''), ''))`;
const BOOKED_BACK = `dateDiff('day', ${BOOKED}, toDate32(toTimeZone(occurred_at, {timeZone:String})))`;

export const FINANCE_CHECKS = {
  'payments-approved': rowCheck({
    cases: { en: 'Payments approved', pt: 'Pagamentos aprovados' },
    fault: { en: 'approved by the one who prepared them', pt: 'por quem os preparou' },
    severity: 'critical',
    filter: { eventType: ['FINANCIAL_APPROVAL_GRANTED'] },
    values: [`(${APPROVER} = '' OR ${PREPARER} = '')`, detail('transactionId')],
    faulty: `(${APPROVER} != '' AND ${APPROVER} = ${PREPARER}) OR (${PREPARER} != '' AND ${PREPARER} = actor)`,
    open: `${APPROVER} = '' OR ${PREPARER} = ''`,
    say: ([open = '', name = '']) =>
      open === 'true' || open === '1'
        ? {
            en: `Payment${transaction(name)}: the approval does not name who prepared and who approved it`,
            pt: `Pagamento${transaction(name)}: a aprovação não indica quem o preparou e quem o aprovou`,
          }
        : {
            en: `Payment${transaction(name)} was approved by the one who prepared it`,
            pt: `Pagamento${transaction(name)} aprovado por quem o preparou`,
          },
  }),
  'transactions-in-time': rowCheck({
    cases: { en: 'Transactions', pt: 'Transações' },
    fault: { en: 'booked further back than allowed', pt: 'com data retroativa além do permitido' },
    severity: 'high',
    filter: { eventType: ['FINANCIAL_TRANSACTION', 'FINANCIAL_RECORD_CHANGED'] },
    params: ({ policy, timeZone }) => ({ backdatedDays: policy.backdatedDays, timeZone }),
    values: [detail('transactionId'), `ifNull(${BOOKED_BACK}, 0)`, "ifNull(toString(amount), '')", 'currency'],
    faulty: `ifNull(${BOOKED_BACK}, 0) > {backdatedDays:UInt32}`,
    say: ([name = '', days = '', amount = '', currency = '']) => {
      const sum = amount === '' ? '' : ` (${amount} ${currency})`;
      return {
        en: `Transaction${transaction(name)}${sum} was booked ${days} days back`,
        pt: `Transação${transaction(name)}${sum} lançada com ${days} dias de retroação`,
      };
    },
  }),
  'records-changed': rowCheck({
    cases: { en: 'Booked records changed', pt: 'Registros contabilizados alterados' },
    fault: { en: 'without a reason or an approver', pt: 'sem motivo ou sem aprovador' },
    severity: 'high',
    filter: { eventType: ['FINANCIAL_RECORD_CHANGED'] },
    faulty: `(${detail('reason')} = '' AND NOT ${isSealed('reason')}) OR (${APPROVER} = '' AND NOT ${isSealed('approvedBy')})`,
    say: () => ({
      en: 'A booked record was changed without a reason or an approver',
      pt: 'Registro contabilizado alterado sem motivo ou sem aprovador',
    }),
  }),
  'controls-passed': rowCheck({
    cases: { en: 'Financial controls carried out', pt: 'Controles financeiros executados' },
    fault: { en: 'that did not pass', pt: 'sem êxito' },
    severity: 'high',
    filter: { eventType: ['FINANCIAL_CONTROL_EXECUTED'] },
    values: [detail('control')],
    faulty: `outcome IN ('failure', 'denied') OR lower(${detail('result')}) IN ('failed', 'failure')`,
    say: ([name = '']) => ({
      en: `A financial control did not pass${name === '' ? '' : `: ${name}`}`,
      pt: `Um controle financeiro não teve êxito${name === '' ? '' : `: ${name}`}`,
    }),
  }),
  'financial-retention': rowCheck({
    cases: { en: 'Financial events', pt: 'Eventos financeiros' },
    fault: { en: 'kept for less than the policy demands', pt: 'com retenção menor do que a política exige' },
    severity: 'high',
    filter: { category: ['financial'] },
    params: ({ policy }) => ({ retentionDays: policy.soxRetentionDays }),
    values: ['retain_until'],
    faulty: 'retain_until < toDate(received_at) + {retentionDays:UInt32}',
    say: ([until = ''], policy) => ({
      en: `A financial event is kept only until ${until}, less than ${policy.soxRetentionDays} days`,
      pt: `Um evento financeiro é mantido só até ${until}, menos de ${policy.soxRetentionDays} dias`,
    }),
  }),
  'duties-segregated': sqlCheck({
    cases: {
      en: 'People with financial or administrative duties',
      pt: 'Pessoas com funções financeiras ou administrativas',
    },
    fault: { en: 'with duties that exclude each other', pt: 'com funções incompatíveis' },
    severity: 'high',
    say: ([actor = '', ...conflicts]) => {
      const named = (language: 'en' | 'pt', and: string) =>
        conflicts
          .map((pair) =>
            pair
              .split('+')
              .map((duty) => CONFLICT_NAMES[duty as Duty][language])
              .join(and),
          )
          .join(', ');
      return {
        en: `${personIn(actor).en} did both: ${named('en', ' and ')}`,
        pt: `${personIn(actor).pt} acumulou: ${named('pt', ' e ')}`,
      };
    },
    sql: `
SELECT count() AS examined, countIf(notEmpty(conflicts)) AS exceptions, 0 AS undecided,
       ${foundOf('notEmpty(conflicts)', 'last_act', 'acts', 'arrayConcat([actor], conflicts)')},
       ${samplesOf('1', 'last_act', 'last_id')}
FROM (
    SELECT actor, last_act, last_id,
           arrayFilter(x -> notEmpty(x), [${CONFLICTS.map(([a, b]) => `if(n_${a} > 0 AND n_${b} > 0, '${a}+${b}', '')`).join(', ')}]) AS conflicts,
           arrayFilter(x -> notEmpty(x), [${duties((duty) => `if(n_${duty} > 0, id_${duty}, '')`)}]) AS acts
    FROM (
        SELECT actor, max(occurred_at) AS last_act, argMax(toString(id), (occurred_at, id)) AS last_id,
               ${duties((duty) => `countIf(${isDuty(duty)}) AS n_${duty}, argMaxIf(toString(id), (occurred_at, id), ${isDuty(duty)}) AS id_${duty}`)}
        FROM events
        WHERE ${IN_PERIOD} AND actor != '' AND event_type IN (${quoted(Object.values(DUTIES).flat())})
        GROUP BY actor
    )
)`,
  }),
};

function duties(each: (duty: Duty) => string): string {
  return (Object.keys(DUTIES) as Duty[]).map(each).join(', ');
}
function isDuty(duty: Duty): string {
  return `event_type IN (${quoted(DUTIES[duty])})`;
}
function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}
