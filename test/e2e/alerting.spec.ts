import { readFileSync } from 'node:fs';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { ALERTS_QUEUE } from '../../src/alerts/transition';
import { readRuntime } from '../../src/supervisor/runtime-file';
import { mcpAudit } from '../support/cli';
import { descendants } from '../support/processes';
import { randomFrom } from '../support/rule-events';
import { ROOT, runningSystem, startSystem, System, TestTenant, waitFor } from '../support/system';

interface Alert {
  id: string;
  ruleId: string;
  status: string;
  group: Record<string, string>;
  counter: number;
  firstHitAt: string;
  lastHitAt: string;
  historical: boolean;
  history: { kind: string; by: string; text?: string }[];
}
const alertsOf = async (tenant: TestTenant, query = '') =>
  (await tenant.get<{ items: Alert[] }>(`alerts?limit=1000&${query}`)).items;

const failedLogin = (ipAddress: string, over: object = {}) => ({
  eventType: 'LOGIN_FAILED',
  description: 'Wrong password',
  context: { ipAddress },
  ...over,
});

describe('alerting', () => {
  let tenant: TestTenant;
  let dataDir: string;
  beforeEach(async () => {
    tenant = await TestTenant.create();
    ({ dataDir } = await runningSystem());
  });

  const openAlert = async (ipAddress: string): Promise<Alert> => {
    const events = Array.from({ length: 6 }, () => failedLogin(ipAddress));
    expect((await tenant.post('events', events)).status).toBe(202);
    return waitFor(async () => (await alertsOf(tenant, `ipAddress=${ipAddress}`))[0], { what: () => 'an alert' });
  };

  it('opens an alert for what has landed, records it, and tells the channels once', async () => {
    const alert = await openAlert('203.0.113.9');
    expect(alert).toMatchObject({ ruleId: 'brute-force', status: 'open', counter: 2, historical: false });
    await tenant.waitForCount(1, 'eventType=AUDIT_ALERT_OPENED');
    const { items } = await tenant.get<{ items: { details: object; context: object }[] }>(
      'events?eventType=AUDIT_ALERT_OPENED',
    );
    expect(items[0]).toMatchObject({
      context: { resourceType: 'alert', resourceId: alert.id },
      details: { ruleId: 'brute-force', group: { ipAddress: '203.0.113.9' } },
    });
    const runtime = await readRuntime(dataDir);
    const connection = new Redis(runtime?.redisUrl ?? '', { maxRetriesPerRequest: null });
    const queue = new Queue(ALERTS_QUEUE, { connection, prefix: 'audit' });
    const job = await queue.getJob(`${alert.id}_1`);
    expect(job?.data).toMatchObject({ kind: 'opened', tenant: tenant.name, alert: { id: alert.id } });
    await queue.close();
    connection.disconnect();
  });

  it('lets people acknowledge, comment, assign, resolve and reopen, each of it in the history and in the log', async () => {
    const { id } = await openAlert('203.0.113.10');
    const post = (act: string, body: object) => tenant.post(`alerts/${id}/${act}`, body, {}, 'analyst');
    const both = await Promise.all([post('acknowledge', {}), post('acknowledge', {})]);
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 409]);
    expect((await post('comment', { comment: 'looks like a script' })).status).toBe(200);
    expect((await post('assign', { assignee: 'night shift' })).status).toBe(200);
    expect((await post('resolve', {})).status).toBe(400);
    expect((await post('resolve', { reason: 'blocked', resolution: 'true_positive' })).status).toBe(200);
    expect((await post('resolve', { reason: 'blocked' })).status).toBe(409);
    expect((await post('reopen', {})).status).toBe(200);
    const { history, status } = await tenant.get<Alert>(`alerts/${id}`);
    expect(status).toBe('open');
    expect(history.map((step) => step.kind)).toEqual([
      'opened',
      'acknowledged',
      'commented',
      'assigned',
      'resolved',
      'reopened',
    ]);
    expect(history[4]).toMatchObject({ text: 'blocked', by: expect.stringMatching(/^apikey:/) as string });
    for (const act of ['ACKNOWLEDGED', 'COMMENTED', 'ASSIGNED', 'RESOLVED', 'REOPENED']) {
      await tenant.waitForCount(1, `eventType=AUDIT_ALERT_${act}`);
    }
    expect((await tenant.request(`alerts/${id}/acknowledge`, { method: 'POST', role: 'viewer' })).status).toBe(403);
    expect((await tenant.request(`alerts/${id}/acknowledge`, { method: 'POST' })).status).toBe(200);
    expect((await tenant.request('alerts/none')).status).toBe(404);
  });

  it('can be worked on from the command line', async () => {
    const { id } = await openAlert('203.0.113.11');
    const options = ['--tenant', tenant.name];
    const listed = await mcpAudit(dataDir, 'alerts', 'list', ...options);
    expect(listed.stdout).toContain('ipAddress=203.0.113.11');
    expect(await mcpAudit(dataDir, 'alerts', 'ack', id, ...options)).toMatchObject({
      stdout: `${id} is acknowledged\n`,
    });
    expect((await mcpAudit(dataDir, 'alerts', 'ack', id, ...options)).code).toBe(1);
    const reason = ['--reason', 'a test'];
    expect(await mcpAudit(dataDir, 'alerts', 'resolve', id, ...reason, ...options)).toMatchObject({ code: 0 });
    expect((await mcpAudit(dataDir, 'alerts', 'list', ...options)).stdout).toContain('no alerts');
    const shown = JSON.parse((await mcpAudit(dataDir, 'alerts', 'show', id, ...options)).stdout) as Alert;
    expect(shown.history.at(-1)).toMatchObject({ kind: 'resolved', text: 'a test' });
  });

  it('misses what did not come, once rules say so', async () => {
    const rule = {
      id: 'backup-missing',
      name: 'No backup',
      severity: 'high',
      triggers: [
        {
          match: { eventTypes: ['BACKUP_COMPLETED'] },
          groupBy: ['service'],
          condition: { kind: 'absence', windowMinutes: 0.05 },
        },
      ],
    };
    expect((await tenant.post('rules', rule)).status).toBe(201);
    const event = { eventType: 'BACKUP_COMPLETED', description: 'done', context: { service: 'db' } };
    expect((await tenant.post('events', event)).status).toBe(202);
    const alert = await waitFor(async () => (await alertsOf(tenant))[0], { what: () => 'an alert' });
    expect(alert).toMatchObject({ ruleId: 'backup-missing', group: { service: 'db' }, counter: 1 });
  });
});

const LOG = resolve(ROOT, '../shared/data/OpenSSH_2k.log');
const present = existsSync(LOG);
if (!present) process.stderr.write(`skipped: the test of alerts of an imported log needs ${LOG}\n`);

(present ? describe : describe.skip)('history that is imported', () => {
  it('notifies nobody by itself, and opens one alert for each group with --evaluate', async () => {
    expect(readFileSync(LOG, 'utf8')).toContain('sshd');
    const tenant = await TestTenant.create();
    const { dataDir } = await runningSystem();
    const options = ['--tenant', tenant.name, '--json'];
    const importLog = async (...more: string[]) => {
      const { stdout } = await mcpAudit(
        dataDir,
        'import',
        LOG,
        '--format',
        'sshd',
        '--year',
        '2015',
        ...options,
        ...more,
      );
      return JSON.parse(stdout) as { added: number; evaluated?: { opened: number; raised: number } };
    };
    const first = await importLog();
    // What the rules would find shows that evaluation has passed over it, not that it is still to come.
    const range = ['--from', '2015-12-01', '--to', '2016-01-01'];
    const { stdout } = await mcpAudit(dataDir, 'rules', 'test', 'brute-force', ...range, ...options);
    const { alerts: found } = JSON.parse(stdout) as { alerts: Alert[] };
    expect(first.evaluated).toBeUndefined();
    expect(found.length).toBeGreaterThan(5);
    await (await tenant.post('events', failedLogin('203.0.113.9'))).json();
    await tenant.waitForCount(1, 'ipAddress=203.0.113.9');
    expect(await alertsOf(tenant)).toEqual([]);

    const second = await importLog('--evaluate');
    expect(second).toMatchObject({ added: 0, evaluated: { raised: 0 } });
    await tenant.waitForCount(second.evaluated?.opened ?? -1, 'eventType=AUDIT_ALERT_OPENED');
    const alerts = await alertsOf(tenant, 'ruleId=brute-force');
    const facts = ({ group, firstHitAt, lastHitAt, counter }: Alert) => ({ group, firstHitAt, lastHitAt, counter });
    const byGroup = (a: Pick<Alert, 'group'>, b: Pick<Alert, 'group'>) =>
      JSON.stringify(a.group) < JSON.stringify(b.group) ? -1 : 1;
    expect(alerts.map(facts).sort(byGroup)).toEqual(found.map(facts).sort(byGroup));
    for (const alert of alerts) expect(alert).toMatchObject({ historical: true, status: 'open' });
    expect(await importLog('--evaluate')).toMatchObject({ evaluated: { opened: 0, raised: 0 } });
  });
});

describe('a worker that is killed with -9', () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system.stop());

  const workers = () =>
    descendants(system.process.pid ?? 0).filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes('AUDIT_ROLE=worker');
      } catch {
        return false;
      }
    });

  it('while it evaluates neither loses nor doubles an alert, nor a hit', async () => {
    const tenant = await TestTenant.create(system);
    const random = randomFrom(4);
    const addresses = Array.from({ length: 12 }, (_, i) => `10.1.0.${i}`);
    const sent: { ipAddress: string; at: number }[] = [];
    let sending = true;
    const send = async () => {
      while (sending) {
        const at = Date.now();
        const batch = Array.from({ length: 40 }, () => addresses[random(addresses.length)] ?? '');
        const events = batch.map((ip) => failedLogin(ip, { occurredAt: new Date(at).toISOString() }));
        const answer = await tenant.post('events', events);
        if (answer.status === 202) sent.push(...batch.map((ipAddress) => ({ ipAddress, at })));
        await new Promise((done) => setTimeout(done, 5));
      }
    };
    const sender = send();
    for (let kill = 0; kill < 5; kill++) {
      await new Promise((done) => setTimeout(done, 300 + random(1500)));
      const before = await waitFor(() => Promise.resolve(workers()[0]), { what: () => 'a worker' });
      process.kill(before, 'SIGKILL');
      await waitFor(() => Promise.resolve(workers().find((pid) => pid !== before)), { what: () => 'another worker' });
    }
    sending = false;
    await sender;
    await tenant.waitForCount(sent.length, 'eventType=LOGIN_FAILED');
    const expected = new Map(
      addresses.map((ip) => [ip, Math.max(0, sent.filter(({ ipAddress }) => ipAddress === ip).length - 4)]),
    );
    await waitFor(
      async () => {
        const counted = new Map((await alertsOf(tenant)).map(({ group, counter }) => [group.ipAddress ?? '', counter]));
        const total = (map: Map<string, number>) => [...map.values()].reduce((a, b) => a + b, 0);
        return total(counted) >= total(expected) ? true : undefined;
      },
      { what: () => `alerts of ${sent.length} events` },
    );
    const alerts = await alertsOf(tenant);
    expect(new Map(alerts.map(({ group, counter }) => [group.ipAddress ?? '', counter]))).toEqual(expected);
    expect(alerts).toHaveLength(addresses.length);
    await tenant.waitForCount(addresses.length, 'eventType=AUDIT_ALERT_OPENED');
  });
});
