import { bounded, timeOf } from '../search/event-where';
import type { Check } from './check';
import { foundOf, IN_PERIOD, rowCheck, samplesOf, sqlCheck } from './check';

/** How long a backup may fail until one succeeds. */
const BACKUP_HOURS = 24;

export const SYSTEM_CHECKS = {
  'backups-made': sqlCheck({
    cases: { en: 'Backups', pt: 'Cópias de segurança' },
    fault: { en: 'that failed and was not made good within a day', pt: 'com falha não refeita em um dia' },
    severity: 'high',
    filter: { eventType: ['BACKUP_COMPLETED', 'BACKUP_FAILED'] },
    params: (scope) => ({ asOf: bounded(scope.asOf) }),
    say: () => ({
      en: `A backup failed, and within ${BACKUP_HOURS} hours none was made`,
      pt: `Uma cópia de segurança falhou e nenhuma foi feita em ${BACKUP_HOURS} horas`,
    }),
    sql: `
WITH made AS (
    SELECT service, occurred_at AS made_at FROM events
    WHERE tenant = {tenant:String} AND event_type = 'BACKUP_COMPLETED' AND occurred_at >= ${timeOf('from')}
      AND occurred_at < ${timeOf('asOf')}
)
SELECT count() AS examined, countIf(is_lost) AS exceptions, countIf(is_open) AS undecided,
       ${foundOf('is_lost OR is_open', 'occurred_at', '[toString(id)]', '[]::Array(String)')},
       ${samplesOf('1')}
FROM (
    SELECT id, occurred_at, event_type = 'BACKUP_FAILED' AND (made_at < occurred_at OR made_at > until) AS is_missing,
           is_missing AND until <= ${timeOf('asOf')} AS is_lost, is_missing AND NOT is_lost AS is_open
    FROM (
        SELECT id, event_type, service, occurred_at, occurred_at + toIntervalHour(${BACKUP_HOURS}) AS until FROM events
        WHERE ${IN_PERIOD} AND event_type IN ('BACKUP_COMPLETED', 'BACKUP_FAILED')
    ) AS tried
    ASOF LEFT JOIN made ON tried.service = made.service AND made.made_at >= tried.occurred_at
)`,
  }),
  'log-verified': rowCheck({
    cases: { en: 'Verifications of the log', pt: 'Verificações do registro' },
    fault: { en: 'that found faults', pt: 'que encontraram falhas' },
    severity: 'critical',
    filter: { eventType: ['AUDIT_VERIFICATION_PASSED', 'AUDIT_VERIFICATION_FAILED'] },
    faulty: "event_type = 'AUDIT_VERIFICATION_FAILED'",
    say: () => ({ en: 'Verification of the log found a fault', pt: 'A verificação do registro encontrou uma falha' }),
  }),
  'log-complete': {
    cases: { en: 'Places in the ledger', pt: 'Posições no livro' },
    fault: {
      en: 'whose event is neither stored nor removed by retention',
      pt: 'sem evento guardado nem removido pela retenção',
    },
    run: async ({ tenant, asOf }, { store }) => {
      const [row] = await store.rows<{ size: number; stored: number; removed: number }>(
        `WITH (SELECT max(size) FROM checkpoints WHERE tenant = {tenant:String}) AS sealed
         SELECT sealed AS size,
                (SELECT sum(leaf_count) FROM retention_manifests WHERE tenant = {tenant:String}) AS removed,
                count() AS stored
         FROM events WHERE tenant = {tenant:String} AND leaf_index < sealed`,
        { tenant },
      );
      const { size, stored, removed } = row ?? { size: 0, stored: 0, removed: 0 };
      // A manifest is written before its rows go, so for a moment they count twice.
      const missing = Math.max(0, size - stored - removed);
      const finding = {
        severity: 'critical' as const,
        title: {
          en: `${missing} places of the ledger have no event, and no manifest of retention names them`,
          pt: `${missing} posições do livro não têm evento, e nenhum manifesto de retenção as nomeia`,
        },
        occurredAt: new Date(asOf).toISOString(),
        eventIds: [],
      };
      const findings = missing > 0 ? [finding] : [];
      return { examined: size, exceptions: missing, undecided: 0, findings, samples: [], filter: null };
    },
  } satisfies Check,
};
