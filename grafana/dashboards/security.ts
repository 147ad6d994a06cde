import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE, frame, target, UIDS } from './frame';
import { map, NEUTRAL, number, ranking, rows, series, TO, worse, ZERO } from './panels';
import { inTime, LAST_QUARTERS, partyDays, STEPS, TENANT, TOTAL } from './sql';

const LOGINS = "event_type IN ('LOGIN_SUCCESS', 'LOGIN_FAILED', 'LOGIN_BLOCKED')";
const ATTACKS =
  "event_type IN ('BRUTE_FORCE_DETECTED', 'SUSPICIOUS_ACTIVITY', 'SECURITY_VIOLATION', 'MALWARE_DETECTED', 'SQL_INJECTION_ATTEMPT', " +
  "'XSS_ATTEMPT', 'CSRF_ATTEMPT', 'PRIVILEGE_ESCALATION', 'IP_BLOCKED')";

const alerts = new dashboard.AnnotationQueryBuilder()
  .name('Alerts')
  .datasource(DATASOURCE)
  .enable(true)
  .iconColor('red')
  .target(
    target(
      `SELECT opened_at AS time, concat(rule_id, ' (', toString(severity), ')') AS title,
  concat(arrayStringConcat(group_values, ', '), ': ', toString(counter), ' hits, ', toString(status)) AS text,
  [toString(severity), toString(status)] AS tags
FROM alerts FINAL WHERE ${inTime('opened_at')} ORDER BY time LIMIT 500`,
      'table',
      'Alerts',
    ),
  );

export const security = frame({
  uid: UIDS.security,
  title: 'Audit security',
  description: 'Logins that fail, addresses that attack, and the alerts that came of it',
  variables: 'tenant',
  annotations: [alerts],
  panels: [
    number({
      title: 'Failed logins',
      description: 'Logins that were refused because of wrong credentials. From rollups.',
      unit: 'short',
      steps: worse(100, 1000),
      sql: `SELECT sumIf(events, event_type = 'LOGIN_FAILED') AS failed FROM rollups WHERE ${TOTAL} AND ${LOGINS}`,
    }),
    number({
      title: 'Share of logins that fail',
      description: 'Failed and blocked logins among all. From rollups.',
      unit: 'percentunit',
      decimals: 1,
      steps: worse(0.2, 0.5),
      sql: `SELECT sumIf(events, event_type != 'LOGIN_SUCCESS') / sum(events) AS share FROM rollups WHERE ${TOTAL} AND ${LOGINS} HAVING sum(events) > 0`,
    }),
    number({
      title: 'Brute force and blocked',
      description:
        'Events that say that brute force was detected, an address was blocked or a login was blocked. From rollups.',
      unit: 'short',
      steps: worse(1, 10),
      sql: `SELECT sum(events) AS detected FROM rollups
WHERE ${TOTAL} AND event_type IN ('BRUTE_FORCE_DETECTED', 'IP_BLOCKED', 'LOGIN_BLOCKED')`,
    }),
    number({
      title: 'Addresses with failures',
      description: 'Different addresses from which something failed or was denied, by whole days (UTC). From rollups.',
      unit: 'short',
      steps: worse(50, 500),
      sql: `SELECT uniq(key) AS addresses FROM rollups WHERE ${partyDays('address')} AND failures > 0`,
    }),
    number({
      title: 'Open critical alerts',
      description: 'Alerts of severity critical that nobody has acknowledged yet.',
      unit: 'short',
      steps: ZERO,
      sql: `SELECT count() AS open FROM alerts FINAL WHERE ${TENANT} AND status = 'open' AND severity = 'critical'`,
    }),
    number({
      title: 'Oldest open alert',
      description:
        'How long the oldest alert that nobody has acknowledged has been waiting, at the end of the chosen time.',
      unit: 's',
      steps: worse(1800, 3600),
      sql: `SELECT dateDiff('second', min(opened_at), $__toTime) AS age FROM alerts FINAL WHERE ${TENANT} AND status = 'open' HAVING count() > 0`,
    }),
    series({
      title: 'Logins',
      description: 'Logins for each step of time, by what became of them. Alerts are marked. From rollups.',
      unit: 'short',
      steps: NEUTRAL,
      sql: `SELECT $__timeInterval(at) AS time, sumIf(events, event_type = 'LOGIN_SUCCESS') AS succeeded,
  sumIf(events, event_type = 'LOGIN_FAILED') AS failed, sumIf(events, event_type = 'LOGIN_BLOCKED') AS blocked
FROM rollups WHERE ${STEPS} AND ${LOGINS} GROUP BY time ORDER BY time`,
    }),
    series({
      title: 'Attacks',
      description: 'Events that tell of an attack or a violation, by type. Alerts are marked. From rollups.',
      unit: 'short',
      stacked: true,
      bars: true,
      steps: NEUTRAL,
      sql: `SELECT $__timeInterval(at) AS time, event_type, sum(events) AS events
FROM rollups WHERE ${STEPS} AND ${ATTACKS} GROUP BY time, event_type ORDER BY time`,
    }),
    rows({
      title: 'Brute force in the last day',
      description:
        'Addresses with five failed logins or more within a quarter of an hour, in the last 24 hours of the chosen time. From events.',
      unit: 'short',
      steps: worse(20, 100),
      links: [TO.address('ip_address')],
      sql: `SELECT ip_address, max(tries) AS most_in_a_quarter, sum(tries) AS tries_in_all, max(users) AS users, max(last) AS last_try
FROM (SELECT ip_address, toStartOfInterval(occurred_at, INTERVAL 15 MINUTE) AS quarter, count() AS tries, uniq(actor) AS users,
    max(occurred_at) AS last
  FROM events WHERE ${TENANT} AND event_type = 'LOGIN_FAILED' AND ip_address != ''
    AND occurred_at >= greatest($__fromTime, $__toTime - INTERVAL 24 HOUR) AND occurred_at <= $__toTime
  GROUP BY ip_address, quarter HAVING tries >= 5)
GROUP BY ip_address ORDER BY most_in_a_quarter DESC LIMIT 50`,
    }),
    map({
      title: 'When it fails',
      description:
        'What failed or was denied, by day and hour of the day (UTC), in the last ten days of the chosen time. From rollups.',
      unit: 'short',
      step: '1d',
      steps: NEUTRAL,
      sql: `SELECT toDateTime(toStartOfDay(at, 'UTC')) AS time, leftPad(toString(toHour(at, 'UTC')), 2, '0') AS hour, sum(failures) AS failures
FROM rollups WHERE ${LAST_QUARTERS} GROUP BY time, hour ORDER BY time, hour`,
    }),
    ranking({
      title: 'Addresses by failures',
      description: 'The ten addresses from which most failed or was denied, by whole days (UTC). From rollups.',
      unit: 'short',
      width: 8,
      steps: worse(100, 1000),
      links: [TO.address('address')],
      sql: `SELECT key AS address, sum(failures) AS failed FROM rollups WHERE ${partyDays('address')}
GROUP BY address HAVING failed > 0 ORDER BY failed DESC LIMIT 10`,
    }),
    ranking({
      title: 'Users by failures',
      description: 'The ten users for whom most failed or was denied, by whole days (UTC). From rollups.',
      unit: 'short',
      width: 8,
      steps: worse(100, 1000),
      links: [TO.user('user')],
      sql: `SELECT key AS user, sum(failures) AS failed FROM rollups WHERE ${partyDays('user')}
GROUP BY user HAVING failed > 0 ORDER BY failed DESC LIMIT 10`,
    }),
    series({
      title: 'Alerts opened',
      description: 'Alerts by when they opened and how grave they are.',
      unit: 'short',
      width: 8,
      bars: true,
      stacked: true,
      steps: NEUTRAL,
      sql: `SELECT $__timeInterval(opened_at) AS time, toString(severity) AS severity, count() AS alerts
FROM alerts FINAL WHERE ${inTime('opened_at')} GROUP BY time, severity ORDER BY time`,
    }),
    rows({
      title: 'Alerts',
      description:
        'The hundred newest alerts that opened in the chosen time, with what they are about. People stand as references.',
      unit: 'string',
      width: 24,
      steps: NEUTRAL,
      links: [TO.alert('id')],
      sql: `SELECT opened_at, toString(severity) AS severity, toString(status) AS status, rule_id, arrayStringConcat(group_values, ', ') AS about,
  counter, last_hit_at, assignee, toString(id) AS id
FROM alerts FINAL WHERE ${inTime('opened_at')} ORDER BY opened_at DESC LIMIT 100`,
    }),
  ],
});
