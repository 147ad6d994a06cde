import type { EventTypeName } from '../events/event-types';
import { bounded, timeOf } from '../search/event-where';
import { detail, foundOf, IN_PERIOD, isSealed, personIn, rowCheck, samplesOf, sqlCheck } from './check';

/** What only an account with privileges does. */
export const PRIVILEGED_TYPES = [
  ...['PERMISSION_GRANTED', 'PERMISSION_REVOKED', 'ROLE_ASSIGNED', 'ROLE_REMOVED', 'PRIVILEGE_ESCALATION'],
  ...['USER_CREATED', 'USER_DELETED', 'USER_ACTIVATED', 'USER_DEACTIVATED', 'USER_UNLOCKED'],
  ...['CONFIGURATION_CHANGED', 'SECRET_ROTATED', 'SCHEMA_MIGRATED', 'API_KEY_CREATED', 'BACKUP_RESTORED'],
] as EventTypeName[];

const DAY_MS = 86_400_000;
/** History in which the last sign of an account is looked for, days. */
const HISTORY_DAYS = 800;

const APPROVER = detail('approvedBy');
const REQUESTER = detail('requestedBy');
/** Who asked for it, or did it, approved it. The actor is a reference unless encryption is off. */
const SELF_APPROVED = `${APPROVER} != '' AND ${APPROVER} IN (${REQUESTER}, actor)`;
const UNAPPROVED = `${APPROVER} = '' AND NOT ${isSealed('approvedBy')}`;
const UNKNOWN_APPROVER = `${APPROVER} = '' AND ${isSealed('approvedBy')}`;

function approvalWords(what: { en: string; pt: string }) {
  return ([state = '', name = '']: string[]) => {
    const of = name === '' ? '' : ` (${name})`;
    if (state === 'self') {
      return {
        en: `${what.en}${of} was approved by the one who asked for it`,
        pt: `${what.pt}${of}: aprovação por quem solicitou`,
      };
    }
    return state === 'none'
      ? { en: `${what.en}${of} names nobody who approved it`, pt: `${what.pt}${of}: nenhum aprovador registrado` }
      : { en: `${what.en}${of} has a sealed approver`, pt: `${what.pt}${of}: aprovador selado` };
  };
}

const APPROVAL_STATE = `multiIf(${SELF_APPROVED}, 'self', ${UNAPPROVED}, 'none', 'sealed')`;

const APPROVED = {
  fault: { en: 'approved by nobody, or by the one who asked', pt: 'sem aprovação, ou aprovados por quem solicitou' },
  severity: 'high',
  faulty: `(${SELF_APPROVED}) OR (${UNAPPROVED})`,
  open: UNKNOWN_APPROVER,
} as const;

export const ACCESS_CHECKS = {
  'changes-approved': rowCheck({
    ...APPROVED,
    cases: { en: 'Changes of systems', pt: 'Mudanças em sistemas' },
    filter: {
      eventType: ['CONFIGURATION_CHANGED', 'DEPLOYMENT_COMPLETED', 'SCHEMA_MIGRATED', 'FEATURE_FLAG_CHANGED'],
    },
    values: [APPROVAL_STATE, detail('changeId')],
    say: approvalWords({ en: 'A change', pt: 'Mudança' }),
  }),
  'grants-approved': rowCheck({
    ...APPROVED,
    cases: { en: 'Rights given', pt: 'Direitos concedidos' },
    filter: { eventType: ['ROLE_ASSIGNED', 'PERMISSION_GRANTED'] },
    values: [APPROVAL_STATE, `if(event_type = 'ROLE_ASSIGNED', ${detail('role')}, ${detail('permission')})`],
    say: approvalWords({ en: 'A right', pt: 'Direito' }),
  }),
  'dormant-privileged': sqlCheck({
    cases: { en: 'Accounts that used privileges', pt: 'Contas que usaram privilégios' },
    fault: { en: 'back after a long silence', pt: 'de volta após longo silêncio' },
    severity: 'high',
    params: (scope) => ({
      privileged: PRIVILEGED_TYPES,
      dormantMs: scope.policy.dormantDays * DAY_MS,
      history: bounded(scope.from - HISTORY_DAYS * DAY_MS),
    }),
    say: ([actor = '', days = '']) => ({
      en: `${personIn(actor).en}, with privileges, acted after ${days} days without any event`,
      pt: `${personIn(actor).pt}, com privilégios, agiu após ${days} dias sem nenhum evento`,
    }),
    // The last sign before the period comes from the daily counts: a scan of all events that far back would be no read of a period.
    sql: `
WITH
    used AS (
        SELECT actor, max(occurred_at) AS last_use, argMax(toString(id), (occurred_at, id)) AS use_id
        FROM events
        WHERE ${IN_PERIOD} AND event_type IN {privileged:Array(String)} AND actor != ''
        GROUP BY actor
    ),
    days AS (
        SELECT actor, min(occurred_at) AS first, max(occurred_at) AS last, argMin(toString(id), (occurred_at, id)) AS first_id
        FROM events
        WHERE ${IN_PERIOD} AND actor IN (SELECT actor FROM used)
        GROUP BY actor, toDate(occurred_at)
        UNION ALL
        SELECT key, min(first_at), max(last_at), ''
        FROM rollups
        WHERE tenant = {tenant:String} AND dimension = 'user' AND rollups.at >= ${timeOf('history')}
          AND rollups.at < ${timeOf('from')} AND key IN (SELECT actor FROM used)
        GROUP BY key, rollups.at
    ),
    gaps AS (
        SELECT actor, first, first_id,
               lagInFrame(toNullable(last)) OVER (PARTITION BY actor ORDER BY first ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
        FROM days
    ),
    returns AS (
        SELECT actor, max(first) AS back_at, argMax(first_id, first) AS back_id, argMax(before, first) AS seen
        FROM gaps
        WHERE first_id != '' AND toUnixTimestamp64Milli(first) - toUnixTimestamp64Milli(before) >= {dormantMs:Int64}
        GROUP BY actor
    )
SELECT count() AS examined, countIf(is_back) AS exceptions, 0 AS undecided,
       ${foundOf('is_back', 'back_at', 'arrayDistinct([back_id, use_id])', 'shown')},
       ${samplesOf('1', 'last_use', 'use_id')}
FROM (
    SELECT last_use, use_id, back_id, back_at, back_id != '' AND last_use >= back_at AS is_back,
           [actor, toString(dateDiff('day', ifNull(seen, back_at), back_at))] AS shown
    FROM used LEFT JOIN returns USING (actor)
)`,
  }),
  'guessed-logins': sqlCheck({
    cases: { en: 'Successful logins', pt: 'Logins bem-sucedidos' },
    fault: { en: 'after five failures within 15 minutes', pt: 'após cinco falhas em 15 minutos' },
    severity: 'critical',
    filter: { eventType: ['LOGIN_SUCCESS'] },
    say: ([actor = '', failures = '']) => ({
      en: `${personIn(actor).en} logged in after ${failures} failures within 15 minutes from the same address`,
      pt: `${personIn(actor).pt} entrou após ${failures} falhas em 15 minutos a partir do mesmo endereço`,
    }),
    sql: `
WITH suspects AS (
    SELECT actor, ip_address FROM events
    WHERE ${IN_PERIOD} AND event_type IN ('LOGIN_FAILED', 'LOGIN_SUCCESS')
    GROUP BY actor, ip_address
    HAVING countIf(event_type = 'LOGIN_FAILED') >= 5 AND countIf(event_type = 'LOGIN_SUCCESS') > 0
)
SELECT (SELECT count() FROM events WHERE ${IN_PERIOD} AND event_type = 'LOGIN_SUCCESS') AS examined,
       countIf(guessed) AS exceptions, 0 AS undecided,
       ${foundOf('guessed', 'occurred_at', '[toString(id)]', '[actor, toString(failures)]')},
       (
           SELECT groupArray(toString(id))
           FROM (SELECT id FROM events WHERE ${IN_PERIOD} AND event_type = 'LOGIN_SUCCESS' ORDER BY occurred_at DESC, id DESC LIMIT 5)
       ) AS samples
FROM (
    SELECT id, occurred_at, actor, event_type = 'LOGIN_SUCCESS' AND failures >= 5 AND after_failure AS guessed, failures, after_failure
    FROM (
        SELECT id, occurred_at, actor, event_type,
               countIf(event_type = 'LOGIN_FAILED') OVER (PARTITION BY actor, ip_address ORDER BY toUnixTimestamp64Milli(occurred_at)
                                                          RANGE BETWEEN 900000 PRECEDING AND CURRENT ROW) AS failures,
               lagInFrame(event_type = 'LOGIN_FAILED') OVER (PARTITION BY actor, ip_address ORDER BY toUnixTimestamp64Milli(occurred_at)
                                                             ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS after_failure
        FROM events
        WHERE ${IN_PERIOD} AND event_type IN ('LOGIN_FAILED', 'LOGIN_SUCCESS')
          AND (actor, ip_address) IN (SELECT actor, ip_address FROM suspects)
    )
)`,
  }),
};
