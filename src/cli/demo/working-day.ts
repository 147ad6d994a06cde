import type { DateTime } from 'luxon';
import type { ImportedEvent } from '../import/parser';
import { act } from './acts';
import { byJob, PARTNERS, PEOPLE, Person, SERVICES } from './company';
import { writeOffice } from './office';
import { Random } from './random';
import { acting, Scribe } from './scribe';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Monday to Sunday; they average 1. */
const RHYTHM = [1.28, 1.27, 1.25, 1.24, 1.21, 0.45, 0.3];
const SHARE_OF_PEOPLE = 0.6;

export interface DayOptions {
  seed: string;
  eventsPerDay: number;
}

/**
 * The usual traffic of one calendar day (`day` is its midnight, in the company's zone), about `eventsPerDay` times the rhythm of
 * the week, ordered by time. Each day depends on its own date only, so that runs over other periods agree with each other,
 * and each is complete in itself: what is consented, prepared or opened is used, approved or answered rightly.
 */
export function workingDay(day: DateTime, { seed, eventsPerDay }: DayOptions): ImportedEvent[] {
  const name = `${seed} ${eventsPerDay} ${day.toISODate()}`;
  const random = new Random(name);
  const scribe = new Scribe(name);
  const target = eventsPerDay * (RHYTHM[day.weekday - 1] ?? 1);
  writeNight(scribe, day, random);
  if (day.weekday <= 5) writeOffice(scribe, day, random);
  writePeople(scribe, day, random, target * SHARE_OF_PEOPLE);
  writeMachines(scribe, day, random, target - scribe.events.length);
  return scribe.events.sort(byTime);
}

export function byTime(a: ImportedEvent, b: ImportedEvent): number {
  return a.occurredAt < b.occurredAt ? -1 : a.occurredAt > b.occurredAt ? 1 : a.id < b.id ? -1 : 1;
}

/** Sessions of those on duty: log in, work with a dip at noon, log out. Sends about `budget` events. */
function writePeople(scribe: Scribe, day: DateTime, random: Random, budget: number): void {
  const start = day.toMillis();
  const weekend = day.weekday > 5;
  const able = weekend ? [...byJob('driver'), ...byJob('dispatcher')] : PEOPLE;
  const onDuty = random.sample(able, Math.max(2, Math.min(Math.round(able.length * 0.9), Math.round(budget / 8))));
  const until = scribe.events.length + budget;
  onDuty.forEach((person, i) => {
    const left = Math.max(1, (until - scribe.events.length) / (onDuty.length - i));
    const early = person.job === 'driver' ? 5.5 : 8;
    const login = start + random.around(early, 0.5) * HOUR;
    const session = `s-${day.toFormat('yyMMdd')}-${i}`;
    const service = person.job === 'driver' ? SERVICES.mobile : SERVICES.portal;
    if (random.chance(0.06)) writeTypo(scribe, person, session, service, login - random.int(10, 50) * 1000);
    scribe.write(login, 'LOGIN_SUCCESS', 'Signed in', { context: acting(person, session, service) });
    const acts = Math.round(random.around(left - 2, left / 6));
    for (let n = 0; n < acts; n++) act(scribe, person, session, workTime(random, login), random);
    const logout = login + random.around(9, 0.3) * HOUR;
    if (random.chance(0.8)) {
      scribe.write(logout, 'LOGOUT', 'Signed out', { context: acting(person, session, service) });
    } else {
      const context = acting(person, session, service);
      scribe.write(logout + 30 * MINUTE, 'SESSION_EXPIRED', 'Session timed out', { context });
    }
  });
}

function writeTypo(scribe: Scribe, person: Person, session: string, service: string, at: number): void {
  scribe.write(at, 'LOGIN_FAILED', 'Wrong password', {
    context: acting(person, session, service),
    details: { attempt: 1 },
  });
}

/** A moment within the eight and a half hours after the login; lunch is quiet. */
function workTime(random: Random, login: number): number {
  const hours = 0.05 + random.next() * 8.4;
  const atLunch = hours > 4 && hours < 4.75 && random.chance(0.8);
  return login + (atLunch ? hours - 1.5 : hours) * HOUR;
}

/** Batch jobs of the night, the same every day. */
function writeNight(scribe: Scribe, day: DateTime, random: Random): void {
  const start = day.toMillis();
  const context = (job: string) => ({
    userId: 'svc.batch',
    ipAddress: '10.20.9.5',
    service: SERVICES.jobs,
    resourceType: 'job',
    resourceId: job,
  });
  const jobs: [minute: number, job: string, text: string][] = [
    [60, 'invoice-run', 'Invoices of the day made'],
    [95, 'tracking-import', 'Positions of carriers taken over'],
    [150, 'ledger-reconciliation', 'Ledgers compared'],
    [240, 'route-planning', 'Routes of the day planned'],
  ];
  for (const [minute, job, text] of jobs) {
    const at = start + minute * MINUTE + random.int(0, 200_000);
    const parts = {
      context: context(job),
      recordCount: random.int(200, 900),
      details: { seconds: random.int(20, 400) },
    };
    scribe.write(at, 'JOB_COMPLETED', text, parts);
  }
  scribe.write(
    start + 130 * MINUTE + random.int(0, 100_000),
    'BACKUP_COMPLETED',
    'Nightly backup written and checked',
    {
      context: context('backup'),
      details: { gigabytes: random.int(180, 220) },
    },
  );
  if (day.weekday === 7) {
    scribe.write(start + 200 * MINUTE, 'DATA_RETENTION_EXPIRED', 'Shipments past their retention deleted', {
      context: { ...context('retention'), resourceType: 'shipment' },
      recordCount: random.int(20, 80),
    });
  }
}

/** Calls of partners through the day, and the internet's noise at the door; fills up to `budget` events. */
function writeMachines(scribe: Scribe, day: DateTime, random: Random, budget: number): void {
  const start = day.toMillis();
  for (let n = 0; n < budget; n++) {
    const hour = random.chance(0.65) ? random.around(13, 3.2) : random.next() * 24;
    const at = start + Math.min(23.99, Math.max(0, hour)) * HOUR;
    const partner = random.pick(PARTNERS);
    const failed = random.chance(0.015);
    const shipment = `SHP-${day.toFormat('yyMMdd')}-${random.int(1, 120)}`;
    scribe.write(at, failed ? 'API_ERROR' : 'API_CALL', failed ? 'Partner call failed' : 'Partner call answered', {
      context: {
        userId: `svc.${partner}`,
        ipAddress: `198.51.100.${10 + PARTNERS.indexOf(partner)}`,
        service: SERVICES.api,
        resourceType: 'shipment',
        resourceId: shipment,
        correlationId: `req-${day.toFormat('yyMMdd')}-${n}`,
      },
      details: {
        method: random.chance(0.7) ? 'GET' : 'POST',
        path: '/v2/shipments',
        status: failed ? 502 : 200,
        ms: random.int(8, 240),
      },
    });
  }
  // One try each, hours apart: noise that no rule should mind.
  for (let n = 0; n < 3; n++) {
    const context = {
      userId: random.pick(['admin', 'test', 'info']),
      ipAddress: `192.0.2.${random.int(1, 254)}`,
      service: SERVICES.portal,
    };
    const at = start + (n * 8 + random.next() * 4) * HOUR;
    scribe.write(at, 'LOGIN_FAILED', 'Unknown user', { context, details: { knownUser: false } });
  }
}
