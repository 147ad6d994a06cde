import { frame, UIDS } from './frame';
import { NEUTRAL, number, rows, series, Steps, TO, worse, ZERO } from './panels';
import { EVENTS, inTime, STEPS, TENANT, TOTAL } from './sql';

const REQUESTS = "event_type IN ('GDPR_REQUEST', 'LGPD_REQUEST')";
/** Days that are left. */
const DEADLINE: Steps = ['red', [0, 'orange'], [7, 'green']];
const ofType = (types: string[], as: string) =>
  `SELECT sum(events) AS ${as} FROM rollups WHERE ${TOTAL} AND event_type IN (${types.map((type) => `'${type}'`).join(', ')})`;

/** Requests without an answer, of the newest events about requests: rows of request_id, law, person, opened, due. */
const OPEN_REQUESTS = `SELECT request_id, anyIf(event_type, ${REQUESTS}) AS law, anyIf(subject, ${REQUESTS}) AS person,
    minIf(occurred_at, ${REQUESTS}) AS opened,
    if(law = 'LGPD_REQUEST', opened + INTERVAL 15 DAY, opened + INTERVAL 1 MONTH) AS due
  FROM (SELECT request_id, event_type, subject, occurred_at FROM events
    WHERE ${TENANT} AND event_type IN ('GDPR_REQUEST', 'LGPD_REQUEST', 'DATA_SUBJECT_REQUEST_COMPLETED')
      AND occurred_at >= $__toTime - INTERVAL 120 DAY AND occurred_at <= $__toTime ORDER BY occurred_at DESC LIMIT 1000)
  GROUP BY request_id HAVING countIf(${REQUESTS}) > 0 AND countIf(event_type = 'DATA_SUBJECT_REQUEST_COMPLETED') = 0`;

export const compliance = frame({
  uid: UIDS.compliance,
  title: 'Audit compliance',
  description: 'Consents, requests of data subjects with their deadlines, retention, and whether the log is whole',
  variables: 'tenant',
  from: 'now-30d',
  panels: [
    number({
      title: 'Consents given',
      description: 'Events CONSENT_GRANTED. From rollups.',
      unit: 'short',
      steps: NEUTRAL,
      sql: ofType(['CONSENT_GRANTED'], 'granted'),
    }),
    number({
      title: 'Consents withdrawn',
      description: 'Events CONSENT_REVOKED. From rollups.',
      unit: 'short',
      steps: NEUTRAL,
      sql: ofType(['CONSENT_REVOKED'], 'withdrawn'),
    }),
    number({
      title: 'Requests received',
      description: 'Requests of data subjects under GDPR and LGPD. From rollups.',
      unit: 'short',
      steps: NEUTRAL,
      sql: ofType(['GDPR_REQUEST', 'LGPD_REQUEST'], 'requests'),
    }),
    number({
      title: 'Breaches detected',
      description: 'Events DATA_BREACH_DETECTED: an authority may have to be told within 72 hours. From rollups.',
      unit: 'short',
      steps: ZERO,
      sql: ofType(['DATA_BREACH_DETECTED'], 'breaches'),
    }),
    number({
      title: 'Faults of the last verification',
      description:
        'What the newest verification of the log found to be wrong. Anything but 0 is to be looked into at once.',
      unit: 'short',
      steps: ZERO,
      sql: `SELECT argMax(faults, started_at) AS faults FROM verifications WHERE ${TENANT} AND started_at <= $__toTime HAVING count() > 0`,
    }),
    number({
      title: 'Legal holds',
      description: 'Legal holds that are in force now: what they cover is not removed.',
      unit: 'short',
      steps: NEUTRAL,
      sql: `SELECT count() AS holds FROM legal_holds FINAL WHERE ${TENANT} AND released_at IS NULL`,
    }),
    series({
      title: 'Consents',
      description: 'Consents given and withdrawn for each day or longer. From rollups.',
      unit: 'short',
      step: '1d',
      bars: true,
      steps: NEUTRAL,
      sql: `SELECT $__timeInterval(at) AS time, sumIf(events, event_type = 'CONSENT_GRANTED') AS given,
  sumIf(events, event_type = 'CONSENT_REVOKED') AS withdrawn
FROM rollups WHERE ${STEPS} AND event_type IN ('CONSENT_GRANTED', 'CONSENT_REVOKED') GROUP BY time ORDER BY time`,
    }),
    series({
      title: 'Requests of data subjects',
      description: 'Requests received, by law, and answers given, for each day or longer. From rollups.',
      unit: 'short',
      step: '1d',
      bars: true,
      steps: NEUTRAL,
      sql: `SELECT $__timeInterval(at) AS time, sumIf(events, event_type = 'GDPR_REQUEST') AS GDPR,
  sumIf(events, event_type = 'LGPD_REQUEST') AS LGPD, sumIf(events, event_type = 'DATA_SUBJECT_REQUEST_COMPLETED') AS answered
FROM rollups WHERE ${STEPS} AND (${REQUESTS} OR event_type = 'DATA_SUBJECT_REQUEST_COMPLETED') GROUP BY time ORDER BY time`,
    }),
    rows({
      title: 'Open requests',
      description:
        'Requests without an answer at the end of the chosen time, those that are due first on top: a month for the GDPR, 15 days for the LGPD. Extensions and the calendars of the laws are in the register of the console. From the newest thousand events about requests of the last 120 days.',
      unit: 'short',
      steps: DEADLINE,
      links: [TO.user('person')],
      sql: `SELECT request_id, if(law = 'LGPD_REQUEST', 'LGPD', 'GDPR') AS law, person, opened, due, dateDiff('day', $__toTime, due) AS days_left
FROM (${OPEN_REQUESTS}) ORDER BY due LIMIT 100`,
    }),
    rows({
      title: 'Erasures',
      description: 'Erasures of people, the newest first. One that stays begun is finished by a worker; see its log.',
      unit: 'string',
      steps: NEUTRAL,
      sql: `SELECT requested_at, toString(state) AS state, finished_at, toString(id) AS id
FROM erasures FINAL WHERE ${TENANT} AND requested_at <= $__toTime ORDER BY requested_at DESC LIMIT 50`,
    }),
    series({
      title: 'Removed by retention',
      description: 'Events that retention removed, under a signed manifest, by class.',
      unit: 'short',
      step: '1d',
      bars: true,
      stacked: true,
      steps: NEUTRAL,
      sql: `SELECT $__timeInterval(created_at) AS time, retention, sum(leaf_count) AS events
FROM retention_manifests WHERE ${inTime('created_at')} GROUP BY time, retention ORDER BY time`,
    }),
    series({
      title: 'Who looked',
      description:
        'Acts on the log itself: personal data revealed, events exported, policies changed, erasures. From rollups.',
      unit: 'short',
      step: '1d',
      bars: true,
      stacked: true,
      steps: NEUTRAL,
      sql: `SELECT $__timeInterval(at) AS time, event_type, sum(events) AS events FROM rollups
WHERE ${STEPS} AND event_type IN ('AUDIT_REVEAL', 'AUDIT_EXPORT', 'AUDIT_POLICY_CHANGED', 'AUDIT_ERASURE', 'AUDIT_HOLD_PLACED', 'AUDIT_HOLD_RELEASED')
GROUP BY time, event_type ORDER BY time`,
    }),
    rows({
      title: 'Verifications',
      description: 'Verifications of the log: how much was hashed again, and what was wrong.',
      unit: 'short',
      steps: ZERO,
      sql: `SELECT started_at, toString(kind) AS kind, size, events, faults, dateDiff('second', started_at, finished_at) AS seconds
FROM verifications WHERE ${inTime('started_at')} ORDER BY started_at DESC LIMIT 50`,
    }),
    series({
      title: 'Ledger',
      description: 'Events under the newest signed checkpoint.',
      unit: 'short',
      step: '1m',
      steps: NEUTRAL,
      sql: `SELECT $__timeInterval(signed_at) AS time, max(size) AS leaves FROM checkpoints WHERE ${inTime('signed_at')} GROUP BY time ORDER BY time`,
    }),
    rows({
      title: 'Grave acts on the log',
      description:
        'Erasures, changed policies, discarded dead letters and failed verifications of the chosen time, the newest first. From events.',
      unit: 'string',
      width: 24,
      steps: worse(1, 10),
      links: [TO.event('id'), TO.user('actor')],
      sql: `SELECT occurred_at, event_type, outcome, actor, description, toString(id) AS id FROM events
WHERE ${EVENTS} AND category = 'audit' AND severity IN ('high', 'critical') ORDER BY occurred_at DESC LIMIT 100`,
    }),
  ],
});
