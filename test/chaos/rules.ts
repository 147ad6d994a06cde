import { randomBytes } from 'node:crypto';
import type { RuleInput } from '../../src/rules/rule';
import type { Cluster } from '../support/cluster';

const GROUP = 'chaos';
const MONTH_MINUTES = 44_640;

/**
 * A rule of which it can be counted afterwards what it must have raised, whatever order its events came in: one alert for each
 * user for whom `counter` is above 0, with that counter, since nobody resolves any.
 */
export interface CountedRule {
  rule: RuleInput;
  eventType: string;
  /** The counter of a user's alert, in SQL over the user's events of that type. */
  counter: string;
}

const counted = (
  id: string,
  eventType: string,
  condition: RuleInput['triggers'][number]['condition'],
  counter: string,
): CountedRule => ({
  eventType,
  counter,
  rule: {
    id,
    name: id,
    severity: 'high',
    triggers: [{ match: { eventTypes: [eventType] }, groupBy: ['userId'], condition }],
    recipients: [GROUP],
    // Every alert takes one step by time.
    escalation: [{ afterMinutes: 0.02 }],
  },
});

export const COUNTED_RULES: readonly CountedRule[] = [
  counted('each-read', 'DATA_READ', { kind: 'any' }, 'toInt64(count())'),
  counted(
    'fifth-transaction',
    'FINANCIAL_TRANSACTION',
    { kind: 'threshold', windowMinutes: MONTH_MINUTES, count: 5 },
    'toInt64(count()) - 4',
  ),
  counted(
    'new-address',
    'LOGIN_SUCCESS',
    { kind: 'new_value', field: 'ipAddress', memoryDays: 30 },
    'toInt64(uniqExact(ip_address)) - 1',
  ),
];

/**
 * Gives every tenant the rules, and a receiver who is told of their alerts. The rules that tenants have anyway stay, but their
 * alerts do not escalate: that would be half an hour later, in the middle of the checks.
 */
export async function setUpRules(cluster: Cluster, tenants: readonly string[], receiver: string): Promise<void> {
  for (const tenant of tenants) {
    const request = async (method: string, path: string, body?: object): Promise<unknown> => {
      const answer = await fetch(`${cluster.apiUrls[0]}/audit/api/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${cluster.adminKey}`,
          'x-tenant': tenant,
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    };
    const secrets = [`whsec_${randomBytes(32).toString('base64')}`];
    const channels = [{ name: 'hook', type: 'webhook', url: receiver, secrets, ratePerMinute: 6000 }];
    await request('PUT', `recipients/${GROUP}`, { channels });
    const { items } = (await request('GET', 'rules')) as { items: Record<string, unknown>[] };
    for (const item of items) {
      const fields = Object.entries(item).filter(([name]) => !ADDED.includes(name));
      await request('PUT', `rules/${String(item['id'])}`, { ...Object.fromEntries(fields), escalation: [] });
    }
    for (const { rule } of COUNTED_RULES) await request('POST', 'rules', rule);
  }
}

/** What the API says of a rule that is not part of it. */
const ADDED = ['version', 'builtIn', 'deleted', 'changedBy', 'changedAt'];
