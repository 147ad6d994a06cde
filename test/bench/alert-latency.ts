import { slotOf } from '../../src/alerts/alert';
import { RuleInput } from '../../src/rules/rule';
import { waitFor } from '../support/system';
import { runLoad } from './run-load';
import { Stage, TENANT } from './stage';

const RULES = 50;
const EVENTS_PER_BODY = 100;
const TYPES = ['DATA_READ', 'DATA_UPDATED', 'LOGIN_SUCCESS', 'LOGIN_FAILED', 'FINANCIAL_TRANSACTION', 'DATA_EXPORTED'];
const GROUPS = ['userId', 'ipAddress', 'sessionId', 'resourceId', 'service'];

/** One rule that the probes raise, and others of every kind over the types and groups of the load. */
function rules(): RuleInput[] {
  const probe: RuleInput = {
    id: 'probe',
    name: 'Probe',
    severity: 'high',
    triggers: [{ match: { eventTypes: ['IP_BLOCKED'] }, groupBy: ['ipAddress'], condition: { kind: 'any' } }],
  };
  const others = Array.from({ length: RULES - 1 }, (_, i): RuleInput => {
    const condition = [
      { kind: 'threshold' as const, windowMinutes: 15, count: 20 },
      { kind: 'threshold' as const, windowMinutes: 60, sum: { field: 'recordCount' as const, atLeast: 2000 } },
      { kind: 'threshold' as const, windowMinutes: 5, distinct: { field: 'resourceId', atLeast: 500 } },
      { kind: 'new_value' as const, field: 'ipAddress' },
      { kind: 'rate' as const, perSecond: 50, windowMinutes: 0.5 },
    ][i % 5];
    const match = { eventTypes: [TYPES[i % TYPES.length] ?? 'DATA_READ'] };
    const groupBy = [GROUPS[Math.floor(i / 5) % GROUPS.length] ?? 'userId'];
    if (!condition) throw new Error('there is no such condition');
    return { id: `rule-${i}`, name: `Rule ${i}`, severity: 'low', triggers: [{ match, groupBy, condition }] };
  });
  return [probe, ...others];
}

async function post({ cluster }: Stage, path: string, body: unknown): Promise<void> {
  const answer = await fetch(`${cluster.apiUrls[0]}/audit/api/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${cluster.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

/** Sends an event that raises an alert of its own; resolves with the ms from its 202 until that is open. */
async function probe(stage: Stage, n: number): Promise<number> {
  const ipAddress = `192.0.${n >> 8}.${n & 255}`;
  await post(stage, 'events', { eventType: 'IP_BLOCKED', description: 'probe', context: { ipAddress } });
  const began = performance.now();
  const slot = slotOf('probe', { ipAddress });
  const { redis, cluster } = stage;
  const isOpen = async () => ((await redis.hexists(cluster.keys.alertSlots(TENANT), slot)) === 1 ? true : undefined);
  await waitFor(isOpen, { timeoutMs: 60_000, everyMs: 10, what: () => `alert ${n}` });
  return performance.now() - began;
}

export interface AlertsResult {
  rules: number;
  acknowledged: number;
  probes: number;
  /** Probes that were not even accepted. */
  lost: number;
  /** From the 202 of a probe to its open alert. */
  ms: { median: number; p95: number; p99: number; most: number };
  groupsRemembered: number;
  cpuMicrosPerEvent: Record<string, number>;
}

/** How long it takes from the 202 to the open alert while so many events a second come and fifty rules judge them. */
export async function benchAlerts(seconds: number, perSecond: number): Promise<AlertsResult> {
  const stage = await Stage.set(1, 1);
  try {
    for (const rule of rules()) await post(stage, 'rules', rule);
    const meter = stage.meter();
    const loading = runLoad({
      urls: stage.cluster.apiUrls,
      key: stage.cluster.adminKey,
      connections: 0,
      eventsPerBody: EVENTS_PER_BODY,
      seconds,
      rate: perSecond / EVENTS_PER_BODY,
    });
    const probes: Promise<number | undefined>[] = [];
    let lost = 0;
    const until = Date.now() + seconds * 1000;
    while (Date.now() < until) {
      // A probe that was not even accepted says nothing about alerts; it is counted.
      probes.push(probe(stage, probes.length).catch(() => void (lost += 1)));
      await new Promise((done) => setTimeout(done, 200));
    }
    const { acknowledged } = await loading;
    const times = (await Promise.all(probes)).filter((ms) => ms !== undefined).sort((a, b) => a - b);
    const at = (share: number) => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
    const state = await stage.redis.hlen(stage.cluster.keys.ruleState(TENANT));
    return {
      ...{ rules: RULES, acknowledged, probes: times.length, lost },
      ms: { median: at(0.5), p95: at(0.95), p99: at(0.99), most: at(1) },
      ...{ groupsRemembered: state, cpuMicrosPerEvent: meter.perEvent(acknowledged) },
    };
  } finally {
    await stage.clear();
  }
}
