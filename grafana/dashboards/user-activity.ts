import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { frame, UIDS } from './frame';
import { map, NEUTRAL, number, ranking, rows, series, TO, worse } from './panels';
import { EVENTS, partyDays } from './sql';

const text = (name: string, label: string, description: string) =>
  new dashboard.TextBoxVariableBuilder(name)
    .label(label)
    .description(description)
    .defaultValue('')
    .current({ text: '', value: '' });

const USER = 'key = ${user:singlequote}';
const RESOURCE = 'key = ${resource:singlequote}';
/** Events of the user or on the resource; of both, if both are named. */
const THEIRS = `${EVENTS} AND (\${user:singlequote} != '' OR \${resource:singlequote} != '')
  AND (\${user:singlequote} = '' OR actor = \${user:singlequote}) AND (\${resource:singlequote} = '' OR resource_id = \${resource:singlequote})`;

export const userActivity = frame({
  uid: UIDS.activity,
  title: 'Audit user activity',
  description:
    'What one user did, or what was done to one resource. Choose by clicking on one, or write the reference or id above',
  variables: 'tenant',
  from: 'now-7d',
  more: [
    text('user', 'User', 'Reference of a user (sub_…), as in the column actor'),
    text('resource', 'Resource', 'Id of a resource, as in the column resource_id'),
  ],
  panels: [
    number({
      title: 'Acts of the user',
      description: 'Events with this user as actor, by whole days (UTC). From rollups.',
      unit: 'short',
      steps: NEUTRAL,
      sql: `SELECT sum(events) AS acts FROM rollups WHERE ${partyDays('user')} AND ${USER}`,
    }),
    number({
      title: 'Of them failed or denied',
      description: 'Share of the acts whose outcome is failure or denied. From rollups.',
      unit: 'percentunit',
      decimals: 1,
      steps: worse(0.2, 0.5),
      sql: `SELECT sum(failures) / sum(events) AS share FROM rollups WHERE ${partyDays('user')} AND ${USER} HAVING sum(events) > 0`,
    }),
    number({
      title: 'First act',
      description: 'When this user was first seen in the chosen days. From rollups.',
      unit: 'dateTimeFromNow',
      steps: NEUTRAL,
      sql: `SELECT toUnixTimestamp64Milli(min(first_at)) AS first FROM rollups WHERE ${partyDays('user')} AND ${USER} HAVING count() > 0`,
    }),
    number({
      title: 'Last act',
      description: 'When this user was last seen in the chosen days. From rollups.',
      unit: 'dateTimeFromNow',
      steps: NEUTRAL,
      sql: `SELECT toUnixTimestamp64Milli(max(last_at)) AS last FROM rollups WHERE ${partyDays('user')} AND ${USER} HAVING count() > 0`,
    }),
    number({
      title: 'Acts on the resource',
      description: 'Events on this resource, by whole days (UTC). From rollups.',
      unit: 'short',
      steps: NEUTRAL,
      sql: `SELECT sum(events) AS acts FROM rollups WHERE ${partyDays('resource')} AND ${RESOURCE}`,
    }),
    number({
      title: 'Days with activity',
      description: 'Days (UTC) on which this user did anything. From rollups.',
      unit: 'short',
      steps: NEUTRAL,
      sql: `SELECT uniqExact(at) AS days FROM rollups WHERE ${partyDays('user')} AND ${USER}`,
    }),
    series({
      title: 'Acts by day',
      description: 'What this user did on each day (UTC), and what of it failed or was denied. From rollups.',
      unit: 'short',
      step: '1d',
      bars: true,
      steps: NEUTRAL,
      sql: `SELECT $__timeInterval(at) AS time, sum(events) AS acts, sum(failures) AS "failed or denied"
FROM rollups WHERE ${partyDays('user')} AND ${USER} GROUP BY time ORDER BY time`,
    }),
    series({
      title: 'Acts on the resource by day',
      description:
        'What was done to this resource on each day (UTC), and what of it failed or was denied. From rollups.',
      unit: 'short',
      step: '1d',
      bars: true,
      steps: NEUTRAL,
      sql: `SELECT $__timeInterval(at) AS time, sum(events) AS acts, sum(failures) AS "failed or denied"
FROM rollups WHERE ${partyDays('resource')} AND ${RESOURCE} GROUP BY time ORDER BY time`,
    }),
    ranking({
      title: 'What, of the last thousand',
      description: 'Types among the thousand newest events of the user or on the resource. From events.',
      unit: 'short',
      width: 8,
      steps: NEUTRAL,
      sql: `SELECT event_type, count() AS events FROM (SELECT event_type FROM events WHERE ${THEIRS} ORDER BY occurred_at DESC LIMIT 1000)
GROUP BY event_type ORDER BY events DESC LIMIT 10`,
    }),
    ranking({
      title: 'From where, of the last thousand',
      description: 'Addresses among the thousand newest events of the user or on the resource. From events.',
      unit: 'short',
      width: 8,
      steps: NEUTRAL,
      links: [TO.address('address')],
      sql: `SELECT if(ip_address = '', '(none)', ip_address) AS address, count() AS events
FROM (SELECT ip_address FROM events WHERE ${THEIRS} ORDER BY occurred_at DESC LIMIT 1000)
GROUP BY address ORDER BY events DESC LIMIT 10`,
    }),
    map({
      title: 'When, of the last thousand',
      description: 'Days and hours (UTC) of the thousand newest events of the user or on the resource. From events.',
      unit: 'short',
      width: 8,
      step: '1d',
      steps: NEUTRAL,
      sql: `SELECT toDateTime(toStartOfDay(occurred_at, 'UTC')) AS time, leftPad(toString(toHour(occurred_at, 'UTC')), 2, '0') AS hour, count() AS events
FROM (SELECT occurred_at FROM events WHERE ${THEIRS} ORDER BY occurred_at DESC LIMIT 1000) GROUP BY time, hour ORDER BY time, hour`,
    }),
    rows({
      title: 'Newest events',
      description: 'The two hundred newest events of the user or on the resource. From events.',
      unit: 'string',
      width: 24,
      height: 10,
      steps: NEUTRAL,
      links: [TO.user('actor'), TO.resource('resource_id'), TO.address('ip_address'), TO.event('id')],
      sql: `SELECT occurred_at, event_type, toString(severity) AS severity, outcome, actor, ip_address, session_id, resource_type, resource_id,
  service, description, toString(id) AS id
FROM events WHERE ${THEIRS} ORDER BY occurred_at DESC LIMIT 200`,
    }),
    rows({
      title: 'Users who did most',
      description:
        'The fifty users with most events, by whole days (UTC): click on one to see what it did. From rollups.',
      unit: 'short',
      steps: NEUTRAL,
      links: [TO.user('actor')],
      sql: `SELECT key AS actor, sum(events) AS acts, sum(failures) AS failed, max(last_at) AS last_act FROM rollups WHERE ${partyDays('user')}
GROUP BY actor ORDER BY acts DESC LIMIT 50`,
    }),
    rows({
      title: 'Resources of the last day',
      description:
        'The fifty resources with most events on the last day (UTC) of the chosen time: click on one to see what was done to it. From rollups.',
      unit: 'short',
      steps: NEUTRAL,
      links: [TO.resource('resource_id')],
      sql: `SELECT resource_type, key AS resource_id, sum(events) AS acts, sum(failures) AS failed, max(last_at) AS last_act
FROM rollups WHERE ${partyDays('resource')} AND at >= toStartOfDay($__toTime, 'UTC')
GROUP BY resource_type, resource_id ORDER BY acts DESC LIMIT 50`,
    }),
  ],
});
