import type { Principal } from '../../src/access/principal';
import { AlertRecord, Raise } from '../../src/alerts/alert';
import { AlertArchive } from '../../src/alerts/alert-archive';
import { AlertRaiser } from '../../src/alerts/alert-raiser';
import { AlertRestorer } from '../../src/alerts/alert-restorer';
import { AlertStore } from '../../src/alerts/alert-store';
import { AlertsService } from '../../src/alerts/alerts.service';
import { Escalator } from '../../src/alerts/escalator';
import { alertTransition, AlertTransition } from '../../src/alerts/transition';
import { Clock } from '../../src/common/clock';
import { RedisKeys } from '../../src/redis/redis-keys';
import { Rule, RuleInput, ruleSchema } from '../../src/rules/rule';
import { RuleStateStore } from '../../src/rules/rule-state-store';
import { OwnStores, ownStores } from '../support/engines';
import { freshTenant } from '../support/segments';

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 23, 9);

class FakeClock extends Clock {
  time = START;
  now(): number {
    return this.time;
  }
}

const rule = (over: Partial<RuleInput> = {}): Rule =>
  ruleSchema.parse({
    id: 'brute-force',
    name: 'Brute force',
    severity: 'high',
    triggers: [{ match: { eventTypes: ['LOGIN_FAILED'] }, condition: { kind: 'any' } }],
    recipients: ['security_team'],
    cooldownMinutes: 60,
    escalation: [{ afterMinutes: 30 }, { afterMinutes: 60, recipients: ['ciso'] }],
    ...over,
  });

let made = 0;
function hits(at: number, over: Partial<Raise> = {}): Raise {
  const event = `event-${++made}`;
  return {
    rule: rule(),
    ruleVersion: 0,
    group: { ipAddress: '203.0.113.9' },
    firstHitAt: at,
    lastHitAt: at,
    counter: 1,
    peak: 5,
    summary: 'LOGIN_FAILED: 5 times within 15 minutes',
    firstEventId: event,
    lastEventId: event,
    ...over,
  };
}

describe('alerts', () => {
  let stores: OwnStores;
  let keys: RedisKeys;
  let store: AlertStore;
  let archive: AlertArchive;
  let raiser: AlertRaiser;
  let service: AlertsService;
  let escalator: Escalator;
  let clock: FakeClock;
  let tenant: string;
  let cursor: number;

  beforeAll(async () => {
    stores = await ownStores();
    keys = new RedisKeys(stores.config.redis.prefix);
    store = new AlertStore(stores.redis, keys);
    archive = new AlertArchive(stores.clickhouse);
  });
  afterAll(() => stores.close());
  beforeEach(async () => {
    await stores.redis.del(keys.alertOutbox(), keys.alertsDue());
    clock = new FakeClock();
    raiser = new AlertRaiser(store, clock);
    service = new AlertsService(store, archive, clock);
    escalator = new Escalator(store, clock);
    tenant = freshTenant();
    cursor = 0;
    await new RuleStateStore(stores.redis, keys).position(tenant);
  });

  const raise = async (...raises: Raise[]) => {
    const done = await raiser.raise(tenant, raises, { from: cursor, to: cursor + 10 });
    cursor += 10;
    return done;
  };
  const caller = (keyId: string): Principal => ({ keyId, name: keyId, tenant, roles: ['analyst'], system: false });
  const told = async (): Promise<AlertTransition[]> =>
    (await store.outbox(1000)).map(({ transition }) => alertTransition.parse(JSON.parse(transition)));
  const kinds = async () => (await told()).map((step) => step.kind);
  const all = async (): Promise<AlertRecord[]> => {
    const ids = await stores.redis.hkeys(keys.alerts(tenant));
    const order = (alert: AlertRecord) => `${alert.firstHitAt} ${JSON.stringify(alert.group)}`;
    return [...(await store.find(tenant, ids)).values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  };
  const only = async (): Promise<AlertRecord> => {
    const alerts = await all();
    expect(alerts).toHaveLength(1);
    return alerts[0] as AlertRecord;
  };

  it('are one for each rule and group, with a counter', async () => {
    expect(await raise(hits(START), hits(START, { group: { ipAddress: '203.0.113.99' } }))).toEqual({
      opened: 2,
      raised: 0,
    });
    await raise(hits(START + MINUTE, { counter: 3, lastHitAt: START + 5 * MINUTE, peak: 9 }));
    expect((await all()).map(({ group, counter, lastHitAt, peak }) => ({ group, counter, lastHitAt, peak }))).toEqual([
      { group: { ipAddress: '203.0.113.9' }, counter: 4, lastHitAt: START + 5 * MINUTE, peak: 9 },
      { group: { ipAddress: '203.0.113.99' }, counter: 1, lastHitAt: START, peak: 5 },
    ]);
    expect(await kinds()).toEqual(['opened', 'opened']);
  });

  it('are raised once for the same events, whoever evaluates them', async () => {
    const found = hits(START);
    const both = await Promise.all(Array.from({ length: 8 }, () => raiser.raise(tenant, [found], { from: 0, to: 10 })));
    expect(both.filter((done) => done !== undefined)).toEqual([{ opened: 1, raised: 0 }]);
    expect((await only()).counter).toBe(1);
    expect(await store.cursor(tenant)).toBe(10);
    expect(await raiser.raise(tenant, [found], { from: 0, to: 10 })).toBeUndefined();
  });

  it('do not open another one within the cooldown of a resolved one, and do after it', async () => {
    await raise(hits(START));
    const { id } = await only();
    await service.act(caller('anna'), id, { kind: 'resolved', text: 'done', resolution: 'true_positive' });
    await raise(hits(START + 59 * MINUTE));
    expect(await only()).toMatchObject({ status: 'resolved', counter: 2 });
    await raise(hits(START + 60 * MINUTE));
    expect((await all()).map((alert) => alert.status)).toEqual(['resolved', 'open']);
  });

  it('are acknowledged by the first of many; the others are told who was first', async () => {
    await raise(hits(START));
    const { id } = await only();
    const people = Array.from({ length: 10 }, (_, i) => `k${i}`);
    const outcomes = await Promise.allSettled(
      people.map((person) => service.act(caller(person), id, { kind: 'acknowledged' })),
    );
    expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(1);
    const alert = await only();
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      expect(outcome.reason).toMatchObject({ status: 409, code: 'ALERT_ACKNOWLEDGED' });
      expect((outcome.reason as Error).message).toContain(alert.acknowledgedBy ?? 'nobody');
    }
    expect(await kinds()).toEqual(['opened', 'acknowledged']);
  });

  it('lose no act to hits that come at the same time, and no hit to acts', async () => {
    await raise(hits(START));
    const { id } = await only();
    await Promise.all([
      ...Array.from({ length: 5 }, (_, i) =>
        service.act(caller('anna'), id, { kind: 'commented', text: `comment ${i}` }),
      ),
      (async () => {
        for (let i = 1; i <= 5; i++) await raise(hits(START + i * MINUTE));
      })(),
    ]);
    const alert = await only();
    expect(alert.counter).toBe(6);
    expect(alert.history.filter((step) => step.kind === 'commented')).toHaveLength(5);
  });

  it('escalate step by step while nobody acknowledges', async () => {
    await raise(hits(START));
    clock.time = START + 29 * MINUTE;
    expect(await escalator.run()).toBe(0);
    clock.time = START + 30 * MINUTE;
    expect(await escalator.run()).toBe(1);
    expect(await escalator.run()).toBe(0);
    clock.time = START + 61 * MINUTE;
    expect(await escalator.run()).toBe(1);
    clock.time = START + 600 * MINUTE;
    expect(await escalator.run()).toBe(0);
    expect((await told()).map(({ kind, recipients }) => [kind, recipients])).toEqual([
      ['opened', ['security_team']],
      ['escalated', ['security_team']],
      ['escalated', ['ciso']],
    ]);
  });

  it('are not escalated once acknowledged, and anew once reopened', async () => {
    await raise(hits(START));
    const { id } = await only();
    await service.act(caller('anna'), id, { kind: 'acknowledged' });
    clock.time = START + 100 * MINUTE;
    expect(await escalator.run()).toBe(0);
    await service.act(caller('anna'), id, { kind: 'resolved', text: 'done', resolution: null });
    await service.act(caller('anna'), id, { kind: 'reopened' });
    expect(await escalator.run()).toBe(0);
    clock.time += 30 * MINUTE;
    expect(await escalator.run()).toBe(1);
  });

  it('are escalated once by several processes', async () => {
    await raise(hits(START));
    clock.time = START + 30 * MINUTE;
    const others = Array.from({ length: 6 }, () => new Escalator(store, clock).run());
    expect((await Promise.all(others)).reduce((a, b) => a + b)).toBe(1);
    expect((await only()).level).toBe(1);
  });

  it('that escalate at once tell everybody with their opening', async () => {
    const atOnce = rule({ escalation: [{ afterMinutes: 0, recipients: ['ciso'] }] });
    await raise(hits(START, { rule: atOnce }));
    expect(await told()).toMatchObject([
      { kind: 'opened', recipients: ['security_team', 'ciso'], alert: { escalationLevel: 1, escalationDueAt: null } },
    ]);
    expect(await escalator.run()).toBe(0);
  });

  it('cannot be reopened beside a newer one of the same rule and group', async () => {
    await raise(hits(START));
    const { id } = await only();
    await service.act(caller('anna'), id, { kind: 'resolved', text: 'done', resolution: null });
    await raise(hits(START + 120 * MINUTE));
    await expect(service.act(caller('anna'), id, { kind: 'reopened' })).rejects.toMatchObject({
      status: 409,
      code: 'ALERT_SUPERSEDED',
    });
  });

  it('of history are opened once, also when it is evaluated again with more events', async () => {
    const found = hits(START - 400 * 24 * 60 * MINUTE, { counter: 7 });
    expect(await raiser.raiseHistory(tenant, [found])).toEqual({ opened: 1, raised: 0 });
    expect(await raiser.raiseHistory(tenant, [found])).toEqual({ opened: 0, raised: 0 });
    expect(await raiser.raiseHistory(tenant, [{ ...found, counter: 9 }])).toEqual({ opened: 0, raised: 1 });
    expect(await only()).toMatchObject({ counter: 9, historical: true, firstHitAt: found.firstHitAt });
    await service.act(caller('anna'), (await only()).id, { kind: 'resolved', text: 'old', resolution: null });
    expect(await raiser.raiseHistory(tenant, [found])).toEqual({ opened: 0, raised: 0 });
    expect(await kinds()).toEqual(['opened', 'resolved']);
  });

  it('come back from the archive when Redis is lost, with what is due', async () => {
    await raise(hits(START), hits(START + 1, { group: { ipAddress: '203.0.113.10' } }));
    const before = await all();
    await archive.save(before);
    await stores.redis.del(keys.alerts(tenant), keys.alertSlots(tenant), keys.alertsDue());
    expect(await new AlertRestorer(store, archive, clock).restore()).toBe(2);
    expect(await all()).toEqual(before);
    expect(await raise(hits(START + MINUTE))).toEqual({ opened: 0, raised: 1 });
    clock.time = START + 30 * MINUTE;
    expect(await escalator.run()).toBe(2);
  });

  it('leave Redis long after they are resolved, and can be reopened from the archive', async () => {
    await raise(hits(START));
    const { id } = await only();
    const resolved = await service.act(caller('anna'), id, { kind: 'resolved', text: 'done', resolution: null });
    const later = START + 40 * 24 * 60 * MINUTE;
    expect(await store.forget(later, 100)).toBe(0); // Not saved yet.
    await archive.save([resolved]);
    await store.saved(resolved);
    expect(await store.forget(later, 100)).toBe(1);
    expect(await all()).toEqual([]);
    expect(await service.act(caller('anna'), id, { kind: 'reopened' })).toMatchObject({ status: 'open', counter: 1 });
    expect(await raise(hits(START + 999 * MINUTE))).toEqual({ opened: 0, raised: 1 });
  });

  it('are listed by status, severity, rule, group and time, page by page', async () => {
    const groups = Array.from({ length: 5 }, (_, i) => ({ ipAddress: `203.0.113.${i}` }));
    await raise(...groups.map((group, i) => hits(START + i * MINUTE, { group })));
    await raise(hits(START, { rule: rule({ id: 'other', severity: 'low' }), group: { userId: 'sub_x' } }));
    const [first] = await all();
    await service.act(caller('anna'), first?.id ?? '', { kind: 'resolved', text: 'done', resolution: null });
    await archive.save(await all());
    const active = { status: ['open', 'acknowledged'], groups: [] };
    const counted = async (filter: object) => (await service.list(tenant, { ...active, ...filter }, 100)).alerts.length;
    expect(await counted({})).toBe(5);
    expect(await counted({ status: ['resolved'] })).toBe(1);
    expect(await counted({ severity: ['low'] })).toBe(1);
    expect(await counted({ ruleId: ['brute-force'] })).toBe(4);
    expect(await counted({ groups: [['ipAddress=203.0.113.3', 'ipAddress=203.0.113.4']] })).toBe(2);
    expect(await counted({ from: START + 3 * MINUTE })).toBe(2);
    expect(await counted({ to: START + 2 * MINUTE })).toBe(2);
    const seen: string[] = [];
    let next: string | undefined;
    do {
      const page = await service.list(tenant, active, 2, next);
      seen.push(...page.alerts.map((alert) => alert.id));
      next = page.nextCursor ?? undefined;
    } while (next);
    expect(new Set(seen).size).toBe(5);
    expect(seen).toHaveLength(5);
  });
});
