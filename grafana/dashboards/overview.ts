import { frame, UIDS } from './frame';
import { NEUTRAL, number, ranking, rows, series, TO, worse } from './panels';
import { CHOSEN, EVENTS, partyDays, STEP_SECONDS, STEPS, TENANT, TOTAL } from './sql';

const SEVERITY_COLUMNS = ['info', 'low', 'medium', 'high', 'critical']
  .map((severity) => `sumIf(events, severity = '${severity}') AS ${severity}`)
  .join(', ');

export const overview = frame({
  uid: UIDS.overview,
  title: 'Audit overview',
  description: 'How much happened, how grave it was, and what came last',
  variables: 'kinds',
  panels: [
    number({
      title: 'Events',
      description: 'Events that occurred in the chosen time, to the quarter of an hour. From rollups.',
      unit: 'short',
      steps: NEUTRAL,
      sql: `SELECT sum(events) AS events FROM rollups WHERE ${TOTAL} AND ${CHOSEN}`,
    }),
    number({
      title: 'Failed or denied',
      description: 'Share of events whose outcome is failure or denied. From rollups.',
      unit: 'percentunit',
      decimals: 1,
      steps: worse(0.2, 0.5),
      sql: `SELECT sum(failures) / sum(events) AS share FROM rollups WHERE ${TOTAL} AND ${CHOSEN} HAVING sum(events) > 0`,
    }),
    number({
      title: 'High and critical',
      description: 'Events of severity high or critical. From rollups.',
      unit: 'short',
      steps: worse(100, 1000),
      sql: `SELECT sumIf(events, severity IN ('high', 'critical')) AS grave FROM rollups WHERE ${TOTAL} AND ${CHOSEN}`,
    }),
    number({
      title: 'Active users',
      description:
        'Different users that did anything, by whole days (UTC), whatever category, severity and service. From rollups.',
      unit: 'short',
      steps: NEUTRAL,
      sql: `SELECT uniq(key) AS users FROM rollups WHERE ${partyDays('user')}`,
    }),
    number({
      title: 'Open alerts',
      description: 'Alerts that nobody has acknowledged yet, whenever they opened.',
      unit: 'short',
      steps: worse(1, 10),
      sql: `SELECT count() AS open FROM alerts FINAL WHERE ${TENANT} AND status = 'open'`,
    }),
    number({
      title: 'Since the last checkpoint',
      description:
        'Age of the newest signed checkpoint of the ledger at the end of the chosen time. Without events there is one an hour.',
      unit: 's',
      steps: worse(3900, 7800),
      sql: `SELECT dateDiff('second', signed_at, $__toTime) AS age FROM checkpoints WHERE ${TENANT} AND signed_at <= $__toTime
ORDER BY size DESC, signed_at DESC LIMIT 1`,
    }),
    series({
      title: 'Events by severity',
      description: 'Events for each step of time, by severity. From rollups.',
      unit: 'short',
      stacked: true,
      steps: NEUTRAL,
      sql: `SELECT $__timeInterval(at) AS time, ${SEVERITY_COLUMNS}
FROM rollups WHERE ${STEPS} AND ${CHOSEN} GROUP BY time ORDER BY time`,
    }),
    series({
      title: 'Rate',
      description:
        'Events a second, averaged over each step of time, and how many of them failed or were denied. From rollups.',
      unit: 'reqps',
      steps: NEUTRAL,
      sql: `SELECT $__timeInterval(at) AS time, sum(events) / ${STEP_SECONDS} AS "all", sum(failures) / ${STEP_SECONDS} AS "failed or denied"
FROM rollups WHERE ${STEPS} AND ${CHOSEN} GROUP BY time ORDER BY time`,
    }),
    series({
      title: 'Events by category',
      description: 'Events for each step of time, by category. From rollups.',
      unit: 'short',
      stacked: true,
      steps: NEUTRAL,
      sql: `SELECT $__timeInterval(at) AS time, category, sum(events) AS events
FROM rollups WHERE ${STEPS} AND ${CHOSEN} GROUP BY time, category ORDER BY time`,
    }),
    ranking({
      title: 'Types',
      description: 'The ten types of which most events came. From rollups.',
      unit: 'short',
      width: 6,
      steps: NEUTRAL,
      sql: `SELECT event_type, sum(events) AS events FROM rollups WHERE ${TOTAL} AND ${CHOSEN}
GROUP BY event_type ORDER BY events DESC LIMIT 10`,
    }),
    ranking({
      title: 'Services',
      description: 'The ten services from which most events came. From rollups.',
      unit: 'short',
      width: 6,
      steps: NEUTRAL,
      sql: `SELECT if(service = '', '(none)', service) AS service_name, sum(events) AS events FROM rollups WHERE ${TOTAL} AND ${CHOSEN}
GROUP BY service_name ORDER BY events DESC LIMIT 10`,
    }),
    rows({
      title: 'Newest events',
      description:
        'The hundred newest events of the chosen time. Users stand as references; who they are is shown by the console, to those who may see it.',
      unit: 'string',
      width: 24,
      height: 12,
      steps: NEUTRAL,
      links: [TO.user('actor'), TO.resource('resource_id'), TO.address('ip_address'), TO.event('id')],
      sql: `SELECT occurred_at, event_type, toString(severity) AS severity, outcome, actor, ip_address, resource_type, resource_id, service,
  description, toString(id) AS id
FROM events WHERE ${EVENTS} AND ${CHOSEN} ORDER BY occurred_at DESC LIMIT 100`,
    }),
  ],
});
