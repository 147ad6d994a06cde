import { validateEvent } from '../../events/validate-event';
import type { ImportedEvent } from '../import/parser';
import { DORMANT_ADMIN } from './company';
import { DemoOptions, generateDemo } from './generator';
import { IncidentName } from './incidents';

const END = Date.parse('2026-11-20T14:00:00Z');
const options = (more: Partial<DemoOptions> = {}): DemoOptions => ({
  days: 30,
  seed: '1',
  eventsPerDay: 300,
  end: END,
  ...more,
});
const all = (more: Partial<DemoOptions> = {}) => [...generateDemo(options(more)).eventsByDay()].flat();
const MONTH = all();
const incident = (name: IncidentName) => generateDemo(options()).incidents.find((i) => i.name === name)?.events ?? [];
const hourOf = (event: ImportedEvent) =>
  Number(new Date(event.occurredAt).toLocaleString('en-GB', { hour: '2-digit', timeZone: 'Europe/Amsterdam' }));

describe('the demo', () => {
  it('is the same for the same options, byte for byte, and another for another seed', () => {
    expect(JSON.stringify(all())).toBe(JSON.stringify(MONTH));
    expect(MONTH[200]?.id).not.toBe(all({ seed: '2' })[200]?.id);
  });

  it('makes events that the server takes, with ids of their own, ordered by time and none after the end', () => {
    const faults = MONTH.filter((event) => !validateEvent(event, { now: END }).ok);
    expect(faults).toEqual([]);
    expect(new Set(MONTH.map((e) => e.id)).size).toBe(MONTH.length);
    const times = MONTH.map((e) => e.occurredAt);
    expect(times).toEqual([...times].sort());
    expect(times.at(-1)! <= new Date(END).toISOString()).toBe(true);
  });

  it('agrees with a later run about the days that both cover', () => {
    const planted = new Set(generateDemo(options()).incidents.flatMap((i) => i.events.map((e) => e.id)));
    const later = new Map(all({ end: END + 3 * 86_400_000 }).map((e) => [e.id, JSON.stringify(e)]));
    const shared = MONTH.filter((e) => !planted.has(e.id) && e.occurredAt > '2026-10-26');
    expect(shared.length).toBeGreaterThan(5000);
    expect(shared.filter((e) => later.get(e.id) !== JSON.stringify(e))).toEqual([]);
  });

  it('has about the events asked for, fewer on weekends, and most in office hours', () => {
    const usual = all({ days: 28, eventsPerDay: 2000, end: Date.parse('2026-11-15T22:59:59Z') });
    expect(usual.length / 28).toBeGreaterThan(1800);
    expect(usual.length / 28).toBeLessThan(2200);
    const on = (date: string) => usual.filter((e) => e.occurredAt.startsWith(date)).length;
    expect(on('2026-11-14')).toBeLessThan(on('2026-11-12') / 2);
    const people = usual.filter((e) => e.eventType === 'DATA_READ');
    expect(people.filter((e) => hourOf(e) >= 7 && hourOf(e) < 19).length / people.length).toBeGreaterThan(0.6);
  });

  it('has no brute force but the planted one', () => {
    const planted = new Set(incident('brute-force').map((e) => e.id));
    const failed = new Map<string, number[]>();
    for (const e of MONTH.filter((e) => e.eventType === 'LOGIN_FAILED' && !planted.has(e.id))) {
      for (const key of [`u ${e.context?.userId}`, `a ${e.context?.ipAddress}`]) {
        failed.set(key, [...(failed.get(key) ?? []), Date.parse(e.occurredAt)]);
      }
    }
    const bursts = [...failed.values()].filter((times) =>
      times.some((t, i) => (times[i + 4] ?? Infinity) - t <= 900_000),
    );
    expect(bursts).toEqual([]);
  });

  it('approves every usual payment and change by someone else, and books it on its day', () => {
    const planted = new Set(generateDemo(options()).incidents.flatMap((i) => i.events.map((e) => e.id)));
    const usual = MONTH.filter((e) => !planted.has(e.id));
    const same = usual.filter(
      (e) => e.details?.approvedBy !== undefined && e.details.approvedBy === e.details.preparedBy,
    );
    const own = usual.filter(
      (e) => e.details?.approvedBy !== undefined && e.details.approvedBy === e.details.requestedBy,
    );
    const shifted = usual.filter(
      (e) => e.details?.bookingDate !== undefined && e.occurredAt.slice(0, 10) !== e.details.bookingDate,
    );
    expect([same, own, shifted]).toEqual([[], [], []]);
    expect(usual.filter((e) => e.eventType === 'FINANCIAL_TRANSACTION').length).toBeGreaterThan(100);
  });

  it('answers every usual request in time', () => {
    const opened = MONTH.filter(
      (e) => /^(GDPR|LGPD)_REQUEST$/.test(e.eventType) && e.details?.requestId !== 'LGPD-overdue-1',
    );
    const answered = new Map(
      MONTH.filter((e) => e.eventType === 'DATA_SUBJECT_REQUEST_COMPLETED').map((e) => [
        e.details?.requestId,
        e.occurredAt,
      ]),
    );
    const old = opened.filter((e) => Date.parse(e.occurredAt) < END - 10 * 86_400_000);
    expect(old.length).toBeGreaterThan(3);
    expect(old.filter((e) => !((answered.get(e.details?.requestId) ?? '') > e.occurredAt))).toEqual([]);
  });
});

describe('planted incidents', () => {
  it('are all part of the month', () => {
    const ids = new Set(MONTH.map((e) => e.id));
    const planted = generateDemo(options()).incidents;
    expect(planted.flatMap((i) => i.events).filter((e) => !ids.has(e.id))).toEqual([]);
    expect(planted.every((i) => i.events.length > 0)).toBe(true);
  });

  it('brute force: many failures in 15 minutes, then a success from the same address', () => {
    const events = incident('brute-force');
    const failures = events.filter((e) => e.eventType === 'LOGIN_FAILED');
    const success = events.find((e) => e.eventType === 'LOGIN_SUCCESS');
    expect(failures.length).toBeGreaterThanOrEqual(5);
    expect(Date.parse(failures.at(-1)!.occurredAt) - Date.parse(failures[0]!.occurredAt)).toBeLessThan(900_000);
    expect(success!.occurredAt > failures.at(-1)!.occurredAt).toBe(true);
    expect(new Set(events.map((e) => e.context?.ipAddress)).size).toBe(1);
  });

  it('night export: tens of thousands of records between midnight and five', () => {
    const found = incident('night-export').find((e) => e.eventType === 'DATA_EXPORTED');
    expect(found?.recordCount).toBeGreaterThan(10_000);
    expect(hourOf(found!)).toBeLessThan(5);
  });

  it('consent ignored: data processed for the purpose after the withdrawal', () => {
    const [granted, revoked, used] = incident('consent-ignored');
    expect([granted, revoked].map((e) => e?.eventType)).toEqual(['CONSENT_GRANTED', 'CONSENT_REVOKED']);
    expect(used!.occurredAt > revoked!.occurredAt).toBe(true);
    expect(used?.compliance).toEqual(revoked?.compliance);
    expect(used?.subjectId).toBe(revoked?.subjectId);
  });

  it('overdue request: opened more than 15 days before the end and never completed', () => {
    const [request] = incident('overdue-request');
    expect(Date.parse(request!.occurredAt)).toBeLessThan(END - 15 * 86_400_000);
    const id = request?.details?.requestId;
    expect(MONTH.filter((e) => e.details?.requestId === id)).toHaveLength(1);
  });

  it('self-approved change: asked for and approved by the same person', () => {
    const details = incident('self-approved-change')[0]?.details;
    expect(details?.approvedBy).toBe(details?.requestedBy);
  });

  it('dormant admin: acts after more than 90 days without an event', () => {
    const own = MONTH.filter((e) => e.context?.userId === DORMANT_ADMIN.id).map((e) => Date.parse(e.occurredAt));
    const gap = Math.max(...own.slice(1).map((time, i) => time - own[i]!));
    expect(gap).toBeGreaterThan(90 * 86_400_000);
  });

  it('backdated transaction: booked into a month that was over', () => {
    const booked = incident('backdated-transaction')[0];
    expect((booked?.details?.bookingDate as string) < booked!.occurredAt.slice(0, 8)).toBe(true);
  });
});
