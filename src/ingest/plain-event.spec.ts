import { randomBytes } from 'node:crypto';
import { sampleEvent } from '../../test/bench/sample';
import { randomNumbers } from '../../test/support/random-events';
import { eventSchema } from '../events/event.schema';
import { findRows, rowEnvelope, rowFlags } from '../events/row';
import { validateEvent } from '../events/validate-event';
import { PLAIN, TenantSealer } from '../keys/event-sealer';
import { parsePrivateFields, PrivateNames } from '../keys/private-fields';
import { openEvent, Owners, sealEvent, StoredEvent } from '../keys/seal-event';
import { isReference, SubjectKey } from '../keys/subject-record';
import { parseEvents } from './parse-events';
import { CONTEXT_MEMBERS, MEMBERS, PlainEvent } from './plain-event';
import { RowEncoder } from './row-encoder';
import { JsonTape } from '../events/json-tape';

const NOW = Date.UTC(2026, 10, 30, 12);
const DAYS = { security: 2555, compliance: 2555, financial: 2555, user_action: 365 };
const GIVEN = '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12';

const fields = parsePrivateFields([
  ...['details.name', 'details.customer.street', 'changes.after.iban', 'context.sessionId', '*.email', '*.phone'],
]);
const people = new Map<string, SubjectKey>();
function person(id: string): SubjectKey {
  const known = people.get(id);
  if (known) return known;
  const made = { reference: `sub_${randomBytes(16).toString('base64url')}`, key: randomBytes(32) };
  people.set(id, made);
  return made;
}
const unattributed = person('');

function sealerOf(tenant: string): TenantSealer {
  const ownersOf = (userId: string | undefined, subjectId: string | undefined): Owners => {
    const actor = userId === undefined ? undefined : person(userId);
    return { actor, subject: subjectId === undefined ? actor : person(subjectId), unattributed };
  };
  return {
    ...PLAIN,
    seal: (event, id) => sealEvent(event, { tenant, id }, ownersOf(event.context?.userId, event.subjectId), fields),
    protection: { names: new PrivateNames(fields), ownersOf },
  };
}

/** The envelope that the two ways make of one line; undefined for one that a way does not take. */
function bothWays(line: string, sealer: TenantSealer): { plain: string | undefined; general: string | undefined } {
  const body = Buffer.from(line);
  const items = parseEvents(body, true, 1);
  const envelopeOf = (encoder: RowEncoder) => {
    const { payload } = encoder.part();
    const [row] = findRows(payload);
    expect(row && rowFlags(payload, row)).toBe(1);
    return row && rowEnvelope(payload, row);
  };
  let plain: string | undefined;
  const found = items.onTape(0, new JsonTape());
  const event = new PlainEvent();
  if (found && event.read(found.tape, found.place, NOW)) {
    const encoder = new RowEncoder('acme', NOW, DAYS, sealer);
    if (encoder.addPlain(event, found.bytes, GIVEN)) plain = envelopeOf(encoder);
  }
  let general: string | undefined;
  const item = items.at(0);
  const valid = item.fault === undefined ? validateEvent(item.value, { now: NOW }) : undefined;
  if (valid?.ok) {
    const encoder = new RowEncoder('acme', NOW, DAYS, sealer);
    if (encoder.add(valid.event, valid.type, GIVEN) === undefined) general = envelopeOf(encoder);
  }
  return { plain, general };
}

/** With what is sealed in its place. */
function opened(envelope: string): StoredEvent {
  const byReference = new Map([...people].map(([id, { reference, key }]) => [reference, { id, key }]));
  return openEvent(
    JSON.parse(envelope) as StoredEvent,
    (reference) => byReference.get(reference),
    unattributed.key,
    isReference,
  );
}

const withoutSealed = (envelope: string) => envelope.replace(/"sealed":\{[^}]*\},/, '');

/** JSON of a value, as unusual as the numbers want it: white space, members in any order, some of them twice, characters escaped. */
function jsonOf(value: unknown, random: (below: number) => number): string {
  const space = () => (random(12) === 0 ? ([' ', '\t', '  ', '\r'][random(4)] as string) : '');
  const text = (content: string) =>
    random(40) === 0
      ? `"${[...content].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
      : JSON.stringify(content);
  if (Array.isArray(value)) return `[${value.map((item) => space() + jsonOf(item, random) + space()).join(',')}]`;
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return random(30) === 0 ? value.toExponential() : JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${text(name)}${space()}:${space()}${jsonOf(member, random)}`,
  );
  for (let i = members.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [members[i], members[j]] = [members[j] as string, members[i] as string];
  }
  if (members.length > 0 && random(60) === 0) members.push(members[0] as string);
  return `{${space()}${members.join(`${space()},${space()}`)}${space()}}`;
}

/** Anything that may stand where an event should, most of it good. */
function anyEvent(random: (below: number) => number): unknown {
  const pick = <T>(...values: T[]): T => values[random(values.length)] as T;
  const maybe = (chance: number, member: () => object) => (random(chance) === 0 ? member() : {});
  const word = () =>
    pick(
      'a',
      'Shipment 7',
      'ä',
      '😀 ok',
      'x'.repeat(pick(3, 70, 130, 600)),
      'with "quotes"',
      'line\nbreak',
      '\u2028',
      '',
    );
  const scalar = () =>
    pick<unknown>(
      word(),
      random(1000),
      -random(50),
      random(100) / 8,
      0.1,
      1e21,
      true,
      false,
      null,
      12345678901234567890,
    );
  const free = (depth: number): Record<string, unknown> =>
    Object.fromEntries(
      Array.from({ length: random(5) }, () => [
        pick(
          'name',
          'email',
          'phone',
          'customer',
          'street',
          'iban',
          'z',
          'b',
          'a.b',
          'c,d',
          '9',
          'ü',
          'path',
          '__proto__',
          'total',
        ),
        depth > 0 && random(3) === 0
          ? pick<unknown>(free(depth - 1), [free(depth - 1), scalar(), [scalar()]])
          : scalar(),
      ]),
    );
  return {
    eventType: pick<unknown>(
      'DATA_READ',
      'LOGIN_FAILED',
      'CONSENT_GRANTED',
      'FINANCIAL_TRANSACTION',
      'DATA_READ',
      pick<unknown>('NO_SUCH', 'AUDIT_KEY_ROTATED', 7),
    ),
    description: pick('Opened', word() || 'x', 'Opened'),
    ...maybe(2, () => ({
      context: {
        ...maybe(1, () => ({ userId: pick('anna', 'bert', 'çelik', word()) })),
        ...maybe(2, () => ({ sessionId: word() || 's' })),
        ...maybe(2, () => ({ ipAddress: pick('203.0.113.9', '2001:db8::1', '1.2.3', 'fe80::1%eth0', '010.1.1.1') })),
        ...maybe(2, () => ({ userAgent: 'Mozilla/5.0 (X11)' })),
        ...maybe(3, () => ({ resourceType: word() || 'r', resourceId: word() || 'i' })),
        ...maybe(3, () => ({ correlationId: `request-${random(99)}`, service: 'portal' })),
        ...maybe(30, () => ({ unknown: 1 })),
      },
    })),
    ...maybe(4, () => ({ subjectId: pick('anna', 'carla', '') })),
    ...maybe(2, () => ({ details: pick<unknown>(free(3), free(2), [], 'text') })),
    ...maybe(4, () => ({
      changes: pick<object>({ before: free(1), after: free(1) }, { after: free(2) }, {}, { between: {} }),
    })),
    ...maybe(5, () => ({
      compliance: pick<object>(
        { legalBasis: 'contract', dataCategories: ['contact', 'ä'] },
        { purpose: 'p', consentId: 'c-1' },
        { dataCategories: [1] },
        {},
      ),
    })),
    ...maybe(5, () => ({
      amount: pick<unknown>(12.5, 100, 0.00001, 1e13, -3.1234, '5'),
      currency: pick('EUR', 'eur', 'EURO'),
    })),
    ...maybe(5, () => ({ recordCount: pick<unknown>(0, 12, -1, 1.5, 2 ** 53) })),
    ...maybe(6, () => ({ severity: pick('high', 'info', 'urgent') })),
    ...maybe(6, () => ({ outcome: pick('denied', 'success', 'maybe') })),
    ...maybe(5, () => ({
      occurredAt: pick(
        ...['2026-11-23T05:16:00.123Z', '2026-11-23T05:16:00Z', '2026-02-30T00:00:00.000Z', '1969-12-31T00:00:00.000Z'],
        ...['2027-01-01T00:00:00.000Z', '2026-11-23T24:00:00.000Z', '2026-11-23T05:16:00.123+02:00'],
      ),
    })),
    ...maybe(5, () => ({ id: pick(GIVEN.replace('5b', '5c'), GIVEN.toUpperCase(), 'x') })),
    ...maybe(40, () => ({ note: 'unknown' })),
  };
}

describe('an event that is still bytes', () => {
  it('knows the members of the schema', () => {
    expect([...MEMBERS.names].sort()).toEqual(Object.keys(eventSchema.shape).sort());
    const context = eventSchema.shape.context.unwrap().shape;
    expect([...CONTEXT_MEMBERS.names].sort()).toEqual(Object.keys(context).sort());
    expect([...CONTEXT_MEMBERS.names].sort()).toEqual([...CONTEXT_MEMBERS.names]);
  });

  it.each([
    ['nothing is sealed', PLAIN],
    ['personal data is sealed', sealerOf('acme')],
  ])('gets the envelope that the general way gives it, if it is taken at all, while %s', (_, sealer) => {
    const random = randomNumbers(20261130);
    let [taken, good] = [0, 0];
    for (let n = 0; n < 10_000; n++) {
      const line = jsonOf(anyEvent(random), random);
      const { plain, general } = bothWays(line, sealer);
      if (general !== undefined) good++;
      if (plain === undefined) continue;
      taken++;
      if (general === undefined) throw new Error(`taken, but no valid event: ${line}`);
      if (sealer === PLAIN) expect(plain).toBe(general);
      else {
        expect(withoutSealed(plain)).toBe(withoutSealed(general));
        expect(opened(plain)).toEqual(opened(general));
      }
    }
    // Most of what is good and not unusual by design.
    expect(taken).toBeGreaterThan(good / 4);
    expect(good).toBeGreaterThan(1500);
    expect(taken).toBeLessThan(good);
  });

  it('is what nearly all events are', () => {
    for (let n = 0; n < 400; n++) {
      const { plain } = bothWays(JSON.stringify(sampleEvent(n)), sealerOf('acme'));
      expect(plain).toBeDefined();
    }
  });

  it('is left to the general way when it is too large, and when its private values have no room', () => {
    const event = { eventType: 'DATA_READ', description: 'read', details: { filler: 'x'.repeat(65_400) } };
    expect(bothWays(JSON.stringify(event), PLAIN)).toEqual({ plain: undefined, general: undefined });
    let deep: object = { email: 'a@example.org', phone: '1' };
    for (let i = 0; i < 20; i++) deep = { ['n'.repeat(900)]: deep, email: 'b@example.org' };
    const sealed = bothWays(JSON.stringify({ ...event, details: deep }), sealerOf('acme'));
    if (sealed.plain !== undefined) expect(opened(sealed.plain)).toEqual(opened(sealed.general ?? ''));
  });

  it('is taken from a JSON array and from a single document as from a line', () => {
    const events = [sampleEvent(1), { bad: true }, sampleEvent(2)];
    const tape = new JsonTape();
    const array = parseEvents(Buffer.from(JSON.stringify(events)), false, 10);
    expect(array.count).toBe(3);
    const isPlain = (index: number) => {
      const found = array.onTape(index, tape);
      return found !== undefined && new PlainEvent().read(found.tape, found.place, NOW);
    };
    expect([isPlain(0), isPlain(1), isPlain(2)]).toEqual([true, false, true]);
    expect(array.at(1)).toEqual({ value: { bad: true } });
    const one = parseEvents(Buffer.from(`\ufeff ${JSON.stringify(events[0])}\n`), false, 10);
    expect(one.count).toBe(1);
    expect(one.at(0)).toEqual({ value: events[0] });
  });
});
