import { EventTypeDefinition } from './event-types';
import { ValidateOptions, validateEvent } from './validate-event';

const NOW = Date.UTC(2026, 10, 23, 12);
const good = (over: Record<string, unknown> = {}) => ({ eventType: 'LOGIN_FAILED', description: 'no', ...over });

function problems(input: unknown, options: Partial<ValidateOptions> = {}): string[] {
  const result = validateEvent(input, { now: NOW, ...options });
  return result.ok ? [] : result.problems.map((p) => `${p.path}: ${p.message}`);
}
const nested = (depth: number): unknown => (depth === 0 ? 'x' : { a: nested(depth - 1) });

describe('validateEvent', () => {
  it('accepts an event with everything and gives its type', () => {
    const event = good({
      id: '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12',
      occurredAt: '2026-11-23T05:16:00.123Z',
      severity: 'high',
      outcome: 'denied',
      context: {
        userId: 'u',
        sessionId: 's',
        ipAddress: '2001:db8::1',
        userAgent: 'a\u0000b',
        resourceType: 't',
        resourceId: 'r',
        correlationId: 'c',
        service: 'x',
      },
      subjectId: 'p',
      details: { a: [1, null, 'ä😀'], __proto: 1 },
      changes: { before: {}, after: { a: 1 } },
      compliance: { legalBasis: 'contract', purpose: 'p', consentId: 'c', dataCategories: ['contact'] },
      amount: -12.3456,
      currency: 'EUR',
      recordCount: 0,
    });
    expect(validateEvent(event, { now: NOW })).toMatchObject({ ok: true, event, type: { category: 'authentication' } });
  });

  it('brings ids to lower case and times to UTC with milliseconds', () => {
    const result = validateEvent(
      good({ id: '0197F2A0-5B7E-7C3A-9D1E-2F4B6A8C0D12', occurredAt: '2026-11-23t06:46:00.1239+01:30' }),
      { now: NOW },
    );
    expect(result).toMatchObject({
      ok: true,
      event: { id: '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12', occurredAt: '2026-11-23T05:16:00.123Z' },
    });
  });

  it.each<[string, unknown, string]>([
    ['no object', 5, ': must be an object, not a number'],
    ['an array', [], ': must be an object, not an array'],
    ['a missing type', { description: 'x' }, 'eventType: is required'],
    [
      'an unknown type',
      good({ eventType: 'LOGIN_FAILD' }),
      'eventType: unknown type "LOGIN_FAILD"; did you mean LOGIN_FAILED',
    ],
    ['a missing description', { eventType: 'LOGOUT' }, 'description: is required'],
    ['an empty text', good({ context: { userId: '' } }), 'context.userId: must not be empty; leave it out instead'],
    ['a null', good({ subjectId: null }), 'subjectId: must not be null; leave it out instead'],
    ['a number for a text', good({ context: { userId: 7 } }), 'context.userId: must be a string, not a number'],
    ['an unknown field', good({ usrId: 1 }), 'usrId: unknown field'],
    [
      'an unknown inner field',
      good({ context: { user_id: 'u' } }),
      'context.user_id: unknown field; did you mean userId',
    ],
    [
      'a text too long',
      good({ context: { service: 'x'.repeat(129) } }),
      'context.service: must have at most 128 characters, has 129',
    ],
    ['an unknown severity', good({ severity: 'HIGH' }), 'severity: must be one of info, low, medium, high, critical'],
    ['a time without offset', good({ occurredAt: '2026-11-23T05:16:00' }), 'occurredAt: must be a time as in RFC 3339'],
    [
      'a day that does not exist',
      good({ occurredAt: '2026-02-30T05:16:00Z' }),
      'occurredAt: names a day that does not exist',
    ],
    ['a time before 1970', good({ occurredAt: '1969-12-31T23:59:59Z' }), 'occurredAt: must not be before 1970'],
    [
      'the far future',
      good({ occurredAt: '2026-11-24T12:00:00.001Z' }),
      'occurredAt: must not lie more than 24 hours in the future',
    ],
    [
      'a bad address',
      good({ context: { ipAddress: '1.2.3.400' } }),
      'context.ipAddress: must be an IPv4 or IPv6 address',
    ],
    [
      'an address with a zone',
      good({ context: { ipAddress: 'fe80::1%eth0' } }),
      'context.ipAddress: must be an IPv4 or IPv6 address',
    ],
    ['a number too large', good({ details: { a: [Infinity] } }), 'details.a.0: is a number too large to keep'],
    ['an integer beyond 64 bits', good({ details: { a: 2 ** 63 } }), 'details.a: is an integer beyond 64 bits'],
    ['another', good({ changes: { after: { b: -9.99e20 } } }), 'changes.after.b: is an integer beyond 64 bits'],
    ['a bad id', good({ id: '123' }), 'id: must be a UUID'],
    [
      'too many decimals',
      good({ amount: 1.00001 }),
      'amount: must be between -10^13 and 10^13 with at most 4 decimals',
    ],
    ['too large an amount', good({ amount: 1e13 }), 'amount: must be between -10^13 and 10^13 with at most 4 decimals'],
    ['a broken count', good({ recordCount: 1.5 }), 'recordCount: must be a whole number'],
    ['a negative count', good({ recordCount: -1 }), 'recordCount: must be at least 0'],
    ['a count too large', good({ recordCount: 2 ** 53 }), 'recordCount: must be'],
    ['a currency in words', good({ currency: 'euro' }), 'currency: must be three capital letters'],
    ['details that are a list', good({ details: [] }), 'details: must be an object'],
    ['details too deep', good({ details: nested(33) }), `details.${'a.'.repeat(31)}a: is nested deeper than 32 levels`],
    ['half a surrogate pair', good({ description: 'a\ud800' }), 'description: holds a lone surrogate'],
    ['half a pair in details', good({ details: { a: ['x', '\udc00'] } }), 'details.a.1: holds a lone surrogate'],
    ['half a pair in a name', good({ changes: { after: { '\ud800': 1 } } }), 'changes.after: has a member whose name'],
    ['an infinite number', good({ details: JSON.parse('{"a":1e999}') as unknown }), 'details.a: is a number too large'],
    ['an act of the system', good({ eventType: 'AUDIT_ERASURE' }), 'eventType: AUDIT_ERASURE is reserved'],
  ])('refuses %s, saying so', (_, input, message) => {
    const found = problems(input);
    expect(found.map((p) => p.slice(0, message.length))).toEqual([message]);
  });

  it('reports all problems of an event together', () => {
    expect(
      problems({ eventType: 5, foo: 1, context: { ipAddress: 'x', bar: 2 } })
        .map((p) => p.split(':')[0])
        .sort(),
    ).toEqual(['context.bar', 'context.ipAddress', 'description', 'eventType', 'foo']);
  });

  it('takes numbers that JSON writes with an exponent, and integers of 63 bits', () => {
    const details = { a: 1e21, b: -1.7e308, c: 2 ** 63 - 1024, d: -(2 ** 63 - 1024), e: 5e-324 };
    expect(problems(good({ details }))).toEqual([]);
  });

  it('takes 32 levels, and amounts and times at their bounds', () => {
    expect(problems(good({ details: nested(32) }))).toEqual([]);
    expect(problems(good({ amount: 9_999_999_999_999.99, recordCount: 2 ** 53 - 1 }))).toEqual([]);
    expect(problems(good({ occurredAt: '1970-01-01T00:00:00Z' }))).toEqual([]);
    expect(problems(good({ occurredAt: '2026-11-24T12:00:00.000Z' }))).toEqual([]);
    expect(problems(good({ occurredAt: '2024-02-29T12:00:00Z' }))).toEqual([]);
  });

  it('treats __proto__ like any unknown field', () => {
    expect(problems(JSON.parse('{"eventType":"LOGOUT","description":"x","__proto__":{"a":1}}'))).toEqual([
      '__proto__: unknown field',
    ]);
  });

  it("takes a tenant's own types, and the system's own acts from itself", () => {
    const own: EventTypeDefinition = {
      category: 'data',
      severity: 'low',
      retention: 'user_action',
      outcome: 'success',
      description: 'x',
    };
    const customTypes = new Map([['CONTAINER_WEIGHED', own]]);
    expect(validateEvent(good({ eventType: 'CONTAINER_WEIGHED' }), { now: NOW, customTypes })).toMatchObject({
      type: own,
    });
    expect(problems(good({ eventType: 'CONTAINER_WEIGHT' }), { customTypes })[0]).toContain('CONTAINER_WEIGHED');
    expect(problems(good({ eventType: 'AUDIT_ERASURE' }), { ownActs: true })).toEqual([]);
  });

  it('leaves hints out when asked to', () => {
    expect(problems(good({ eventType: 'LOGIN_FAILD' }), { hints: false })).toEqual([
      'eventType: unknown type "LOGIN_FAILD"',
    ]);
  });
});
