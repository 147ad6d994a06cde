import type { ClickHouseClient } from '@clickhouse/client';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { alertRecord, AlertRecord } from '../../src/alerts/alert';
import { ALERTS_QUEUE, alertTransition, AlertTransition } from '../../src/alerts/transition';
import type { RedisKeys } from '../../src/redis/redis-keys';
import type { Cluster } from '../support/cluster';
import { check, Check } from './checks';
import type { Received } from './receiver';
import { COUNTED_RULES } from './rules';

/** What is known of alerts after the drain, by those who keep them and by a count of the events with no code of the rules. */
export interface AlertFacts {
  expected: { tenant: string; ruleId: string; user: string; counter: number }[];
  alerts: AlertRecord[];
  archived: AlertRecord[];
  /** Steps that the channels' queue has had. */
  steps: AlertTransition[];
  /** How often the log has each kind of step of an alert. */
  logged: { alertId: string; kind: string; times: number }[];
  notifications: { id: string; alertId: string; kind: string; state: string }[];
  received: ReadonlyMap<string, Received>;
}

export async function gatherAlerts(
  cluster: Cluster,
  tenants: readonly string[],
  received: ReadonlyMap<string, Received>,
): Promise<AlertFacts> {
  const clickhouse = cluster.clickhouse();
  const redis = cluster.redis();
  try {
    return {
      ...(await readStore(clickhouse, tenants)),
      alerts: (await Promise.all(tenants.map((tenant) => redis.hvals(cluster.keys.alerts(tenant)))))
        .flat()
        .map((value) => alertRecord.parse(JSON.parse(value.slice(value.indexOf('|') + 1)))),
      steps: await readSteps(redis, cluster.keys),
      received,
    };
  } finally {
    await clickhouse.close();
    redis.disconnect();
  }
}

async function readStore(clickhouse: ClickHouseClient, tenants: readonly string[]) {
  const ask = async <T>(query: string): Promise<T[]> => {
    const result = await clickhouse.query({
      query,
      format: 'JSONEachRow',
      query_params: { tenants },
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    });
    return result.json<T>();
  };
  const expected = COUNTED_RULES.map(
    ({ rule, eventType, counter }) => `
    SELECT tenant, '${rule.id}' AS ruleId, actor AS user, ${counter} AS counter FROM events
    WHERE tenant IN {tenants:Array(String)} AND event_type = '${eventType}' AND actor != ''
    GROUP BY tenant, actor HAVING counter > 0`,
  );
  const archived = await ask<{ record: string }>(
    'SELECT record FROM alerts FINAL WHERE tenant IN {tenants:Array(String)}',
  );
  return {
    expected: await ask<AlertFacts['expected'][number]>(expected.join(' UNION ALL ')),
    archived: archived.map(({ record }) => alertRecord.parse(JSON.parse(record))),
    logged: await ask<AlertFacts['logged'][number]>(`
      SELECT resource_id AS alertId, lower(replaceOne(event_type, 'AUDIT_ALERT_', '')) AS kind, count() AS times
      FROM events WHERE tenant IN {tenants:Array(String)} AND startsWith(event_type, 'AUDIT_ALERT_')
      GROUP BY resource_id, event_type`),
    notifications: await ask<AlertFacts['notifications'][number]>(`
      SELECT toString(id) AS id, alert_id AS alertId, kind, state FROM notifications FINAL
      WHERE tenant IN {tenants:Array(String)} AND type = 'webhook'`),
  };
}

/** Jobs that are done stay for a day. */
async function readSteps(redis: Redis, keys: RedisKeys): Promise<AlertTransition[]> {
  const queue = new Queue(ALERTS_QUEUE, { connection: redis, prefix: keys.prefix, skipVersionCheck: true });
  try {
    const jobs = await queue.getJobs(['waiting', 'active', 'delayed', 'completed', 'failed'], 0, -1);
    return jobs.map((job) => alertTransition.parse(job.data));
  } finally {
    await queue.close();
  }
}

/** Everything that must hold between the events, the alerts, and what was told of them. Pure. */
export function judgeAlerts(facts: AlertFacts): Check[] {
  return [eachGroupOnce(facts), archiveIsTrue(facts), eachStepOnce(facts), eachMessageCame(facts)];
}

const COUNTED = new Set(COUNTED_RULES.map(({ rule }) => rule.id));

function eachGroupOnce({ expected, alerts }: AlertFacts): Check {
  const nameOf = (tenant: string, ruleId: string, user: string) => `${tenant} ${ruleId} ${user}`;
  const found = new Map<string, number[]>();
  for (const { tenant, ruleId, group, counter } of alerts.filter((alert) => COUNTED.has(alert.ruleId))) {
    const name = nameOf(tenant, ruleId, group['userId'] ?? '');
    found.set(name, [...(found.get(name) ?? []), counter]);
  }
  const faults: string[] = [];
  for (const { tenant, ruleId, user, counter } of expected) {
    const name = nameOf(tenant, ruleId, user);
    const counters = found.get(name) ?? [];
    found.delete(name);
    if (counters.length !== 1 || counters[0] !== counter)
      faults.push(`${name}: should be one alert of ${counter}, is [${counters.join()}]`);
  }
  for (const name of found.keys()) faults.push(`${name}: has an alert and no events for it`);
  const hits = expected.reduce((sum, { counter }) => sum + counter, 0);
  return check('one alert for each rule and group', `${expected.length} groups, ${hits} hits counted`, faults);
}

function archiveIsTrue({ alerts, archived }: AlertFacts): Check {
  const kept = new Map(archived.map((alert) => [alert.id, alert]));
  const faults = alerts
    .filter((alert) => JSON.stringify(kept.get(alert.id)) !== JSON.stringify(alert))
    .map(({ id, revision }) => `${id}: revision ${revision}, archived is ${kept.get(id)?.revision}`);
  if (archived.length !== alerts.length) faults.push(`${archived.length} alerts are archived, ${alerts.length} exist`);
  return check('alerts in ClickHouse = alerts in Redis', `${alerts.length} alerts`, faults);
}

function eachStepOnce({ alerts, steps, logged }: AlertFacts): Check {
  const faults: string[] = [];
  const told = tally(steps.map(({ alert, kind }) => `${alert.id} ${kind}`));
  const inLog = new Map(logged.map(({ alertId, kind, times }) => [`${alertId} ${kind}`, times]));
  const due = tally(alerts.flatMap(({ id, history }) => history.map(({ kind }) => `${id} ${kind}`)));
  for (const [step, times] of due) {
    if (told.get(step) !== times) faults.push(`${step}: told ${told.get(step) ?? 0} times, should be ${times}`);
    if (inLog.get(step) !== times) faults.push(`${step}: ${inLog.get(step) ?? 0} events, should be ${times}`);
  }
  for (const step of new Set([...told.keys(), ...inLog.keys()]))
    if (!due.has(step)) faults.push(`${step}: never happened`);
  for (const { id, ruleId, history } of alerts) {
    const kinds = history.map(({ kind }) => kind).join();
    if (COUNTED.has(ruleId) && kinds !== 'opened,escalated') faults.push(`${id}: ${kinds}, not opened and escalated`);
  }
  return check('each step of an alert is told and logged once', `${due.size} steps, ${steps.length} told`, faults);
}

function eachMessageCame({ alerts, notifications, received }: AlertFacts): Check {
  const faults = notifications.filter(({ state }) => state !== 'sent').map(({ id, state }) => `${id} is ${state}`);
  const messages = tally([...received.values()].map(({ alertId, kind }) => `${alertId} ${kind}`));
  const records = tally(notifications.map(({ alertId, kind }) => `${alertId} ${kind}`));
  const due = alerts
    .filter(({ ruleId }) => COUNTED.has(ruleId))
    .flatMap(({ id, history }) => history.map(({ kind }) => `${id} ${kind}`));
  for (const step of due) {
    if (messages.get(step) !== 1) faults.push(`${step}: ${messages.get(step) ?? 0} messages came`);
    if (records.get(step) !== 1) faults.push(`${step}: ${records.get(step) ?? 0} in the notification log`);
  }
  if (messages.size !== due.length) faults.push(`messages of ${messages.size} steps came, of ${due.length} due`);
  const again = [...received.values()].reduce((sum, { times }) => sum + times - 1, 0);
  return check(
    'each notification arrives, under one id',
    `${due.length} steps, ${received.size} messages, ${again} repeats`,
    faults,
  );
}

function tally(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
