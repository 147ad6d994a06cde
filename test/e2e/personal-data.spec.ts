import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createClient } from '@clickhouse/client';
import { Redis } from 'ioredis';
import { RedisKeys } from '../../src/redis/redis-keys';
import { readRuntime } from '../../src/supervisor/runtime-file';
import { descendants, signal } from '../support/processes';
import { startSystem, System, TestTenant, waitFor } from '../support/system';
import { findTraces, Traces } from '../support/traces';

/** Names that stand nowhere else; each call of `name` plants another. */
class Planted {
  readonly accepted: string[] = [];
  readonly refused: string[] = [];
  readonly searched: string[] = [];

  name(what: string, list: 'accepted' | 'refused' | 'searched' = 'accepted'): string {
    const name = `${what}-${randomBytes(9).toString('hex')}`;
    this[list].push(name);
    return name;
  }
}

/** Does with personal data whatever can be done with it, but for what shows it. */
class Scene {
  readonly planted = new Planted();
  private constructor(
    readonly system: System,
    readonly tenant: TestTenant,
  ) {}

  static async play(env: Record<string, string>): Promise<Scene> {
    const system = await startSystem({ AUDIT_LOG_LEVEL: 'trace', AUDIT_PRIVATE_FIELDS: PRIVATE, ...env });
    const scene = new Scene(system, await TestTenant.create(system));
    await scene.accept();
    await scene.refuse();
    await scene.deadLetter();
    await scene.read();
    return scene;
  }

  /** Every private field; then an event of nobody. */
  private async accept(): Promise<void> {
    const name = (what: string) => this.planted.name(what);
    const everything = {
      eventType: 'DATA_UPDATED',
      description: 'everything private',
      context: {
        ...{ userId: name('user'), userAgent: name('agent'), sessionId: name('session'), resourceId: name('resource') },
        resourceType: 'customer',
      },
      subjectId: name('subject'),
      details: {
        ...{ email: name('mail'), secret: { deep: [name('deep')] }, list: [{ firstName: name('first') }] },
        'dotted.name': { phone: name('phone') },
      },
      changes: { before: { name: name('before'), iban: name('iban') }, after: { name: { of: name('after') } } },
    };
    const nobody = { eventType: 'SYSTEM_STARTED', description: 'nobody', details: { email: name('nobody') } };
    expect((await this.tenant.post('events', [everything, nobody])).status).toBe(202);
    await this.tenant.waitForCount(2, 'eventType=DATA_UPDATED&eventType=SYSTEM_STARTED');
  }

  /** Events that are no events, some of which an error or a kept answer could repeat. */
  private async refuse(): Promise<void> {
    const name = (what: string) => this.planted.name(what, 'refused');
    const bad = {
      ...{ eventType: name('type'), description: '', severity: name('severity'), [name('field')]: 1 },
      context: { userId: name('user'), ipAddress: name('address') },
      details: { email: name('mail') },
    };
    const answer = await this.tenant.post('events', [bad], { 'idempotency-key': randomUUID() });
    expect(answer.status).toBe(422);
    const broken = `{"context":{"userId":"${name('user')}"`;
    const ndjson = { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body: broken };
    expect((await this.tenant.request('events', ndjson)).status).toBe(422);
    const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: broken };
    expect((await this.tenant.request('events', json)).status).toBe(400);
  }

  /** One event that the store refuses, since its row was damaged in the buffer, and one that repeats an id. */
  private async deadLetter(): Promise<void> {
    const name = (what: string) => this.planted.name(what);
    const event = () => ({
      ...{ eventType: 'DATA_READ', description: 'a dead letter' },
      context: { userId: name('user'), userAgent: name('agent') },
      details: { email: name('mail') },
    });
    const runtime = await readRuntime(this.system.dataDir);
    const redis = new Redis(runtime?.redisUrl ?? '');
    const keys = new RedisKeys('audit');
    const worker = descendants(this.system.process.pid ?? 0).find((pid) =>
      readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes('AUDIT_ROLE=worker'),
    );
    try {
      await waitFor(async () => ((await redis.zcard(keys.segments())) === 0 ? true : undefined));
      expect(signal(worker, 'SIGSTOP')).toBe(true);
      expect((await this.tenant.post('events', event())).status).toBe(202);
      const [segment] = await waitFor(async () => {
        const waiting = await redis.zrange(keys.segments(), '0', '-1');
        return waiting.length > 0 ? waiting : undefined;
      });
      // The first byte of the row's id.
      await redis.setrange(keys.segment(segment ?? ''), 1, 'x');
    } finally {
      signal(worker, 'SIGCONT');
      redis.disconnect();
    }
    const id = randomUUID();
    const repeated = { ...event(), id };
    expect((await this.tenant.post('events', repeated)).status).toBe(202);
    await this.tenant.waitForCount(1, `id=${id}`);
    expect((await this.tenant.post('events', { ...event(), id })).status).toBe(202);
    await waitFor(async () => ((await this.deadLetters()).length === 2 ? true : undefined), {
      what: () => 'two dead letters',
    });
  }

  private async read(): Promise<void> {
    const [user = '', agent = ''] = this.planted.accepted;
    expect(agent).toMatch(/^agent/);
    const unknown = this.planted.name('user', 'searched');
    const queries = [`userId=${user}`, `userId=${user}&userId=${unknown}`, `subjectId=${unknown}`];
    for (const query of queries) {
      for (const path of ['events', 'events/count', 'alerts', ...FORMATS.map((f) => `events/export?format=${f}`)]) {
        if (path === 'alerts' && query.startsWith('subjectId')) continue;
        const answer = await this.tenant.request(`${path}${path.includes('?') ? '&' : '?'}${query}`);
        expect([path, answer.status]).toEqual([path, 200]);
        await answer.arrayBuffer();
      }
    }
    await this.tenant.waitForCount(1, `userId=${user}&eventType=DATA_UPDATED`);
    await this.tenant.waitForCount(0, `userId=${unknown}`);
    const hold = { name: 'a case', reason: 'a duty', subjectId: user };
    expect((await this.tenant.post('privacy/holds', hold)).status).toBe(201);
    const shown = await this.tenant.request(`events?userId=${user}&reveal=true&reason=test`);
    expect(await shown.text()).toContain(agent);
    expect((await this.tenant.request(`events/export?userId=${user}&reveal=true&reason=test`)).status).toBe(200);
  }

  async deadLetters(): Promise<{ reason_code: string; envelope: string }[]> {
    const clickhouse = createClient({ url: (await readRuntime(this.system.dataDir))?.clickhouseUrl ?? '' });
    try {
      const rows = await clickhouse.query({
        query:
          'SELECT reason_code, envelope FROM audit.dead_letters FINAL WHERE tenant = {tenant:String} ORDER BY reason_code',
        query_params: { tenant: this.tenant.name },
        format: 'JSONEachRow',
      });
      return await rows.json();
    } finally {
      await clickhouse.close();
    }
  }

  traces(): Promise<Traces> {
    return findTraces(this.system, [...this.planted.accepted, ...this.planted.refused, ...this.planted.searched]);
  }
}

const PRIVATE =
  'context.sessionId,context.resourceId,details.secret,*.email,*.firstName,*.phone,*.iban,changes.before.name,changes.after.name';
const FORMATS = ['ndjson', 'csv', 'parquet', 'xlsx'];
interface Item {
  eventType: string;
  keyId: number | null;
  context?: { userId?: string };
}

describe('personal data', () => {
  let scene: Scene;
  afterEach(() => scene.system.stop());

  it('reaches in plain neither Redis nor ClickHouse, logs nor dead letters', async () => {
    scene = await Scene.play({});
    const letters = await scene.deadLetters();
    expect(letters.map((letter) => letter.reason_code)).toEqual(['ID_CONFLICT', 'REFUSED_BY_STORE']);
    expect(letters.every(({ envelope }) => envelope.includes('"userId":"sub_'))).toBe(true);
    const { items } = await scene.tenant.get<{ items: Item[] }>('events?limit=1000');
    expect(items.some((item) => item.eventType === 'AUDIT_EVENT_QUARANTINED')).toBe(true);
    expect(items.filter((item) => item.keyId === null)).toEqual([]);
    expect(Object.fromEntries(await scene.traces())).toEqual({});
  });

  it('is found by the same search where encryption is off, which the system says loudly', async () => {
    scene = await Scene.play({ AUDIT_ENCRYPTION_ENABLED: 'false', AUDIT_SIGNATURE_ENABLED: 'false' });
    const traces = await scene.traces();
    expect(scene.planted.accepted.filter((name) => !traces.has(name))).toEqual([]);
    const places = new Set([...traces.values()].flat());
    expect([...places]).toEqual(
      expect.arrayContaining(['table audit.events', 'table audit.dead_letters', 'file clickhouse/server.log']),
    );
    expect([...places].some((place) => place.startsWith('file redis/appendonlydir/'))).toBe(true);

    const { items } = await scene.tenant.get<{ items: Item[] }>('events?limit=1000');
    expect(items.every((item) => item.keyId === null)).toBe(true);
    const { warnings } = await scene.tenant.get<{ warnings: string[] }>('health');
    expect(warnings.join()).toMatch(/AUDIT_ENCRYPTION_ENABLED=false.*AUDIT_SIGNATURE_ENABLED=false/);
    const metrics = await fetch(`${scene.system.url}/metrics`, { headers: { 'x-api-key': scene.system.adminKey } });
    const text = await metrics.text();
    expect(text).toMatch(/audit_encryption_enabled\{role="worker"\} 0/);
    expect(text).toMatch(/audit_signature_enabled\{role="api"\} 0/);
    const loud = scene.system
      .output()
      .split('\n')
      .filter((line) => line.includes('AUDIT_ENCRYPTION_ENABLED=false'));
    expect(loud.filter((line) => line.includes('"level":"warn"'))).toHaveLength(2);
    expect(loud.some((line) => line.includes('WARNING'))).toBe(true);

    // Switched on again, both what is stored in plain and what comes now is found.
    const { dataDir } = scene.system;
    await scene.system.stop({ remove: false });
    const sealing = await startSystem({ AUDIT_DATA_DIR: dataDir });
    try {
      const [user = ''] = scene.planted.accepted;
      const headers = { 'x-api-key': sealing.adminKey, 'x-tenant': scene.tenant.name };
      const event = { eventType: 'DATA_READ', description: 'sealed', context: { userId: user } };
      const sent = await fetch(`${sealing.url}/audit/api/events`, {
        ...{ method: 'POST', headers: { ...headers, 'content-type': 'application/json' } },
        body: JSON.stringify(event),
      });
      expect(sent.status).toBe(202);
      const url = `${sealing.url}/audit/api/events?userId=${user}&order=asc`;
      const found = await waitFor(async () => {
        const page = (await (await fetch(url, { headers })).json()) as { items: Item[] };
        return page.items.length === 2 ? page.items : undefined;
      });
      expect(found.map((item) => [item.eventType, item.context?.userId === user, item.keyId !== null])).toEqual([
        ['DATA_UPDATED', true, false],
        ['DATA_READ', false, true],
      ]);
    } finally {
      await sealing.stop({ remove: false });
    }
  });
});
