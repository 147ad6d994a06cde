import { validateEvent } from '../events/validate-event';
import { buildEvent } from './build-event';
import { auditContext } from './context';
import { Redactor } from './redact';
import type { EventFields, WireEvent } from './types';

const options = { context: { service: 'billing' }, redactor: new Redactor() };
const build = (fields: EventFields = {}, type = 'DATA_UPDATED', description = 'changed') =>
  JSON.parse(buildEvent(type, description, fields, options).line) as WireEvent;

/** What the server itself says of it. */
function expectValid(event: WireEvent): void {
  expect(validateEvent(event, { now: Date.now() })).toMatchObject({ ok: true });
}

describe('buildEvent', () => {
  it('makes what the server takes: id, time, service and context of the scope', () => {
    const event = auditContext({ userId: 'anna', correlationId: 'r1' }, () =>
      build({ context: { userId: 'bert', resourceType: 'user' }, amount: 0.1 + 0.2, currency: 'eur', recordCount: 2 }),
    );
    expect(event.context).toEqual({ service: 'billing', userId: 'bert', correlationId: 'r1', resourceType: 'user' });
    expect(event).toMatchObject({ amount: 0.3, currency: 'EUR', recordCount: 2, eventType: 'DATA_UPDATED' });
    expectValid(event);
  });

  it('takes the severity of the type, unless another is given', () => {
    expect(buildEvent('BRUTE_FORCE_DETECTED', 'x', {}, options).severity).toBe('critical');
    expect(buildEvent('BRUTE_FORCE_DETECTED', 'x', { severity: 'low' }, options).severity).toBe('low');
    expect(buildEvent('TYPE_OF_OUR_OWN', 'x', {}, options).severity).toBe('medium');
  });

  it.each<[string, EventFields]>([
    ['an address that is none', { context: { ipAddress: 'unknown' } }],
    ['an IPv4 address in IPv6', { context: { ipAddress: '::ffff:203.0.113.9' } }],
    ['an address with port', { context: { ipAddress: '203.0.113.9:1234' } }],
    ['an id that is no text', { context: { userId: 42 as unknown as string } }],
    ['half a surrogate pair', { context: { userAgent: 'a\ud800' }, details: { 'k\ud800': 'v\ud800' } }],
    ['empty text', { context: { userId: '' }, subjectId: '' }],
    ['overlong text', { context: { userId: 'u'.repeat(5000) }, details: { text: 'x'.repeat(100_000) } }],
    ['a time that is none', { occurredAt: 'yesterday' }],
    ['a time of the year 9999', { occurredAt: new Date('9999-01-01') }],
    ['amounts out of range', { amount: Infinity, recordCount: -1, currency: 'euro' }],
    ['an id that is no UUID', { id: 'order-1' }],
    ['numbers beyond JSON', { details: { a: NaN, b: 2 ** 63, c: 10n, d: -Infinity } }],
    [
      'a very large object',
      { details: { rows: Array.from({ length: 20_000 }, (_, i) => ({ i, text: 'ü'.repeat(50) })) } },
    ],
    ['deep nesting', { details: { deep: JSON.parse('['.repeat(200) + ']'.repeat(200)) as unknown } }],
    ['a member named __proto__', { details: JSON.parse('{"__proto__": {"x": 1}}') as Record<string, unknown> }],
  ])('makes %s acceptable', (_, fields) => {
    const event = build(fields);
    expectValid(event);
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(45_000);
  });

  it('says in the event what it left out', () => {
    expect(build({ context: { ipAddress: 'unknown' } }).details).toEqual({
      auditSdk: ['context.ipAddress was no IP address and was left out'],
    });
  });

  it('tells cycles, errors, maps, getters that throw and the like in words', () => {
    const details: Record<string, unknown> = {
      error: Object.assign(new Error('no such table', { cause: new Error('gone') }), { code: 'E1' }),
      when: new Date(0),
      map: new Map([['a', new Set([1])]]),
      bytes: Buffer.from('abc'),
      fn: () => 1,
      bad: Object.defineProperty({}, 'x', {
        enumerable: true,
        get: () => {
          throw new Error('no');
        },
      }),
    };
    details.self = details;
    expect(build({ details }).details).toEqual({
      error: { name: 'Error', message: 'no such table', code: 'E1', cause: { name: 'Error', message: 'gone' } },
      when: '1970-01-01T00:00:00.000Z',
      map: { a: [1] },
      bytes: '[3 bytes]',
      bad: '[unreadable]',
      self: '[circular]',
    });
  });

  it('copies values when the event is recorded', () => {
    const details = { list: [1] };
    const { line } = buildEvent('DATA_READ', 'x', { details }, options);
    details.list.push(2);
    expect((JSON.parse(line) as WireEvent).details).toEqual({ list: [1] });
  });

  it('sends only what changed, and that a secret changed without the secret', () => {
    const before = { name: 'Anna', role: 'clerk', password: 'old', address: { city: 'Ulm', zip: '1' }, tags: ['a'] };
    const after = { ...before, role: 'boss', password: 'new', address: { city: 'Ulm', zip: '2' }, tags: ['a', 'b'] };
    expect(build({ changes: { before, after } }).changes).toEqual({
      before: { role: 'clerk', password: '[redacted]', address: { zip: '1' }, tags: ['a'] },
      after: { role: 'boss', password: '[redacted]', address: { zip: '2' }, tags: ['a', 'b'] },
    });
    expect(build({ changes: { before, after: { ...before } } }).changes).toBeUndefined();
    expect(build({ changes: { after: { a: 1 } } }).changes).toEqual({ after: { a: 1 } });
  });
});
