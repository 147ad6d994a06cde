import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { mcpAudit } from '../support/cli';
import { ROOT, runningSystem, TestTenant } from '../support/system';

const LOG = resolve(ROOT, '../shared/data/OpenSSH_2k.log');
const present = existsSync(LOG);
if (!present) process.stderr.write(`skipped: the test of a rule on a real log needs ${LOG}\n`);

interface Found {
  group: Record<string, string>;
  firstHitAt: string;
  lastHitAt: string;
  counter: number;
}
interface TestResult {
  rule: string;
  events: number;
  alerts: Found[];
}

/** Failed logins of the log by address, in seconds since the epoch, read from its text alone; the lines are of December 2015. */
function failuresByAddress(): Map<string, number[]> {
  const times = new Map<string, number[]>();
  for (const line of readFileSync(LOG, 'utf8').split(/\r?\n/)) {
    const [, day, clock] = /^Dec +(\d+) (\d\d:\d\d:\d\d) /.exec(line) ?? [];
    const [, repeated, address] =
      /sshd\[\d+\]: (?:message repeated (\d+) times: \[ )?Failed .* from (\S+) port /.exec(line) ?? [];
    if (day === undefined || clock === undefined || address === undefined) continue;
    const second = Date.parse(`2015-12-${day.padStart(2, '0')}T${clock}Z`) / 1000;
    const list = times.get(address) ?? [];
    times.set(address, list);
    for (let n = 0; n < Number(repeated ?? 1); n++) list.push(second);
  }
  return times;
}

/** Each window counted by a queue that lets go of what is older than 15 minutes. */
function expectedAlerts(): { address: string; firstHitAt: string; lastHitAt: string; counter: number }[] {
  return [...failuresByAddress()].flatMap(([address, times]) => {
    const queue: number[] = [];
    const hits = times.filter((time) => {
      queue.push(time);
      while ((queue[0] ?? 0) < time - 15 * 60) queue.shift();
      return queue.length >= 5;
    });
    const iso = (second: number | undefined) => new Date((second ?? 0) * 1000).toISOString();
    return hits.length === 0
      ? []
      : [{ address, firstHitAt: iso(hits[0]), lastHitAt: iso(hits.at(-1)), counter: hits.length }];
  });
}

(present ? describe : describe.skip)('rules test brute-force, on a real log', () => {
  it('finds exactly the addresses that an independent count finds, with first hit and counter', async () => {
    const { dataDir } = await runningSystem();
    const tenant = await TestTenant.create();
    const options = ['--tenant', tenant.name, '--json'];
    const imported = await mcpAudit(dataDir, 'import', LOG, '--format', 'sshd', '--year', '2015', ...options);
    expect(imported).toMatchObject({ code: 0 });
    const range = ['--from', '2015-12-01', '--to', '2016-01-01'];
    const { code, stdout } = await mcpAudit(dataDir, 'rules', 'test', 'brute-force', ...range, ...options);
    expect(code).toBe(0);
    const { alerts } = JSON.parse(stdout) as TestResult;
    const found = alerts.flatMap(({ group, firstHitAt, lastHitAt, counter }) =>
      group.ipAddress === undefined ? [] : [{ address: group.ipAddress, firstHitAt, lastHitAt, counter }],
    );
    const byAddress = (a: { address: string }, b: { address: string }) => (a.address < b.address ? -1 : 1);
    const expected = expectedAlerts();
    expect(expected.length).toBeGreaterThan(5);
    expect(found.sort(byAddress)).toEqual(expected.sort(byAddress));
    // Users are references, never names.
    const users = alerts.flatMap(({ group }) => (group.userId === undefined ? [] : [group.userId]));
    expect(users.length).toBeGreaterThan(0);
    for (const user of users) expect(user).toMatch(/^sub_/);
  });
});

describe('alert rules', () => {
  let tenant: TestTenant;
  let dataDir: string;
  let dir: string;
  const rule = {
    id: 'exports',
    name: 'Many exports',
    severity: 'medium',
    triggers: [
      {
        match: { eventTypes: ['DATA_EXPORTED'], where: { field: 'userId', op: 'eq', value: 'anna' } },
        groupBy: ['userId'],
        condition: { kind: 'threshold', windowMinutes: 30, count: 3, sum: { field: 'recordCount', atLeast: 1000 } },
      },
    ],
    recipients: ['security_team'],
    cooldownMinutes: 60,
  };
  const json = async (answer: Promise<Response>) => {
    const { status } = await answer;
    return { status, body: (await (await answer).json()) as Record<string, unknown> };
  };

  beforeAll(async () => {
    tenant = await TestTenant.create();
    ({ dataDir } = await runningSystem());
    dir = await mkdtemp(join(tmpdir(), 'rules-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('of every tenant are the four default ones at first', async () => {
    const { items } = await tenant.get<{ items: { id: string; builtIn: boolean; recipients: string[] }[] }>('rules');
    expect(items.map((r) => [r.id, r.builtIn, r.recipients])).toEqual([
      ['brute-force', true, ['security_team']],
      ['critical-security', true, ['security_team', 'ciso']],
      ['data-breach', true, ['security_team', 'dpo', 'legal']],
      ['financial-anomaly', true, ['finance_team', 'compliance']],
    ]);
  });

  it('keep references in place of the people they name', async () => {
    const { status, body } = await json(tenant.post('rules', rule));
    expect(status).toBe(201);
    expect(JSON.stringify(body)).not.toContain('anna');
    expect(body).toMatchObject({
      version: 1,
      triggers: [{ match: { where: { value: expect.stringMatching(/^sub_/) as string } } }],
    });
    expect((await tenant.post('rules', rule)).status).toBe(409);
  });

  it('are tried on what was stored', async () => {
    const occurredAt = (minute: number) => `2026-10-01T10:${String(minute).padStart(2, '0')}:00.000Z`;
    const event = (minute: number, userId: string, recordCount: number) => ({
      eventType: 'DATA_EXPORTED',
      description: 'List saved',
      occurredAt: occurredAt(minute),
      context: { userId },
      recordCount,
    });
    const events = [event(0, 'anna', 500), event(10, 'anna', 300), event(20, 'anna', 300), event(20, 'bert', 9000)];
    expect((await tenant.post('events', events)).status).toBe(202);
    await tenant.waitForCount(4, 'eventType=DATA_EXPORTED');
    const { body } = await json(tenant.post('rules/exports/test', { from: '2026-10-01', to: '2026-10-02' }));
    expect(body).toMatchObject({
      events: 4,
      alerts: [
        {
          firstHitAt: occurredAt(20),
          counter: 1,
          peak: 1100,
          group: { userId: expect.stringMatching(/^sub_/) as string },
        },
      ],
    });
    const later = { from: '2026-10-01T10:20:00.001Z', to: '2026-10-02' };
    expect((await json(tenant.post('rules/exports/test', later))).body).toMatchObject({ alerts: [] });
  });

  it('change in versions, and not under the hands of somebody who has not seen the last one', async () => {
    const file = join(dir, 'rule.json');
    const shown = await mcpAudit(dataDir, 'rules', 'show', 'exports', '--tenant', tenant.name);
    await writeFile(file, shown.stdout.replace('Many exports', 'Too many exports'));
    const options = ['--tenant', tenant.name];
    const set = ['--set', 'triggers.0.condition.count=2'];
    const updated = await mcpAudit(dataDir, 'rules', 'update', 'exports', '--file', file, ...set, ...options);
    expect(updated).toMatchObject({ code: 0, stdout: 'updated exports, version 2\n' });
    expect(await tenant.get('rules/exports')).toMatchObject({
      name: 'Too many exports',
      triggers: [{ condition: { count: 2 } }],
    });
    const put = (version: number) =>
      tenant.request(`rules/exports?version=${version}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(rule),
      });
    expect((await put(1)).status).toBe(409);
    expect((await put(2)).status).toBe(200);
    const { items } = await tenant.get<{ items: { version: number }[] }>('rules/exports/versions');
    expect(items.map((r) => r.version)).toEqual([3, 2, 1]);
  });

  it('can be disabled, enabled and deleted, the default ones too; each is in the log', async () => {
    const list = async () => {
      const { stdout } = await mcpAudit(dataDir, 'rules', 'list', '--tenant', tenant.name, '--json');
      return (JSON.parse(stdout) as { id: string; enabled: boolean }[]).map((r) => `${r.id} ${r.enabled}`);
    };
    await mcpAudit(dataDir, 'rules', 'disable', 'brute-force', '--tenant', tenant.name);
    await mcpAudit(dataDir, 'rules', 'delete', 'data-breach', '--tenant', tenant.name);
    expect(await list()).toEqual([
      'brute-force false',
      'critical-security true',
      'exports true',
      'financial-anomaly true',
    ]);
    await mcpAudit(dataDir, 'rules', 'enable', 'brute-force', '--tenant', tenant.name);
    expect(await list()).toContain('brute-force true');
    expect((await tenant.request('rules/data-breach')).status).toBe(404);
    await tenant.waitForCount(6, 'eventType=AUDIT_RULE_CHANGED');
  });

  it('are refused with the field and the fix', async () => {
    const [trigger] = rule.triggers;
    const bad = { ...rule, id: 'bad', triggers: [{ ...trigger, match: { eventTypes: ['DATA_EXPORT'] } }] };
    const { status, body } = await json(tenant.post('rules', bad));
    expect(status).toBe(400);
    expect(body.detail).toContain('did you mean DATA_EXPORTED');
    const unknown = {
      ...rule,
      id: 'bad',
      triggers: [{ ...trigger, match: { where: { field: 'userid', op: 'eq', value: 1 } } }],
    };
    expect((await json(tenant.post('rules', unknown))).body.detail).toContain('triggers.0.match.where.field');
  });

  it('may be read by a viewer and written by an analyst', async () => {
    expect((await tenant.request('rules', { role: 'viewer' })).status).toBe(200);
    expect((await tenant.post('rules', { ...rule, id: 'v' }, {}, 'viewer')).status).toBe(403);
    expect((await tenant.post('rules', { ...rule, id: 'a' }, {}, 'analyst')).status).toBe(201);
  });

  it('are made of Sigma rules, all of a file or none', async () => {
    const file = join(dir, 'rules.yml');
    const yaml = `title: Spraying
correlation: {type: value_count, rules: [failed], group-by: [src_ip], timespan: 10m, condition: {field: User, gte: 3}}
---
title: Failed login
name: failed
detection: {s: {eventType: LOGIN_FAILED, Country: PT}, condition: s}
`;
    await writeFile(file, yaml);
    const options = ['--tenant', tenant.name, '--recipient', 'security_team'];
    const refused = await mcpAudit(dataDir, 'rules', 'import', file, ...options);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('the field Country is not known');
    const map = ['--map', 'Country=details.country'];
    const tried = await mcpAudit(dataDir, 'rules', 'import', file, ...options, ...map, '--dry-run');
    expect(tried).toMatchObject({ code: 0, stdout: 'would make spraying: Spraying\n' });
    expect((await tenant.request('rules/spraying')).status).toBe(404);
    expect(await mcpAudit(dataDir, 'rules', 'import', file, ...options, ...map)).toMatchObject({ code: 0 });
    expect(await tenant.get('rules/spraying')).toMatchObject({
      recipients: ['security_team'],
      triggers: [{ groupBy: ['ipAddress'], condition: { distinct: { field: 'userId', atLeast: 3 } } }],
    });
    expect((await mcpAudit(dataDir, 'rules', 'import', file, ...options, ...map)).code).toBe(1);
    expect((await mcpAudit(dataDir, 'rules', 'import', file, ...options, ...map, '--replace')).code).toBe(0);
  });
});
