import { bounded, timeOf } from '../search/event-where';
import type { Check } from './check';
import { foundOf, IN_PERIOD, rowCheck, samplesOf, scopeParams, sqlCheck } from './check';

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
    cases: {
      en: 'Places in the ledger, from the first to the last event of the period',
      pt: 'Posições no livro, do primeiro ao último evento do período',
    },
    fault: {
      en: 'whose event is neither stored nor removed by retention',
      pt: 'sem evento guardado nem removido pela retenção',
    },
    run: async (scope, { read }) => {
      const [row] = await read<{ places: number; stored: number; removed: number }>(PLACES, scopeParams(scope));
      const { places, stored, removed } = row ?? { places: 0, stored: 0, removed: 0 };
      // A manifest is written before its rows go, so for a moment they count twice.
      const missing = Math.max(0, places - stored - removed);
      const finding = {
        severity: 'critical' as const,
        title: {
          en: `${missing} places of the ledger have no event, and no manifest of retention names them`,
          pt: `${missing} posições do livro não têm evento, e nenhum manifesto de retenção as nomeia`,
        },
        occurredAt: new Date(scope.asOf).toISOString(),
        eventIds: [],
      };
      const findings = missing > 0 ? [finding] : [];
      return { examined: places, exceptions: missing, undecided: 0, findings, samples: [], filter: null };
    },
  } satisfies Check,
};

/** Leaves that are sealed: behind them, a batch may be stored later than the next one. */
const PLACES = `
WITH
    (SELECT max(size) FROM checkpoints WHERE tenant = {tenant:String}) AS sealed,
    (
        SELECT (toInt64(min(leaf_index)), if(count() = 0, -1, toInt64(max(leaf_index))))
        FROM events WHERE ${IN_PERIOD} AND leaf_index < sealed
    ) AS ends,
    ifNull(ends.1, 0) AS low,
    ifNull(ends.2, -1) AS high
SELECT high - low + 1 AS places, count() AS stored,
       (
           SELECT sum(arraySum(range -> greatest(0, least(toInt64(range.last), high) - greatest(toInt64(range.first), low) + 1), ranges))
           FROM retention_manifests WHERE tenant = {tenant:String}
       ) AS removed
FROM events WHERE tenant = {tenant:String} AND leaf_index BETWEEN low AND high`;
