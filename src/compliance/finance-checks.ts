import { detail, isSealed, rowCheck } from './check';

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
};
