import { canonicalize } from './canonical-json';
import { buildEnvelope, EnvelopeOptions, retainUntil, sameEvent } from './envelope';
import type { AuditEvent } from './event.schema';

const NOW = Date.UTC(2026, 10, 23, 5, 16, 0, 123);
const options = (over: Partial<EnvelopeOptions> = {}): EnvelopeOptions => ({
  tenant: 'acme',
  id: '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12',
  receivedAt: NOW,
  retentionDays: { security: 2555, compliance: 2555, financial: 3650, user_action: 365 },
  ...over,
});
const minimal: AuditEvent = { eventType: 'DATA_READ', description: 'read' };
const full: AuditEvent = {
  eventType: 'FINANCIAL_TRANSACTION',
  description: 'paid "twice" \n ä 😀 \u2028',
  occurredAt: '2026-11-23T05:00:00.000Z',
  severity: 'critical',
  outcome: 'failure',
  context: {
    userId: 'u\\1',
    userAgent: 'agent',
    sessionId: 's',
    service: 'x',
    resourceType: 't',
    resourceId: 'r',
    ipAddress: '203.0.113.9',
    correlationId: 'c',
  },
  subjectId: 'person',
  details: { z: null, a: [1.5, { y: 1, b: '\u0000' }] },
  changes: { before: { a: null }, after: { b: 1, a: 2 } },
  compliance: { purpose: 'p', legalBasis: 'contract', dataCategories: ['b', 'a'], consentId: 'c' },
  amount: 12.5,
  currency: 'EUR',
  recordCount: 3,
};

describe('buildEnvelope', () => {
  it.each([
    ['the smallest event', minimal],
    ['an event with everything', full],
    ['empty parts', { ...minimal, context: {}, details: {}, changes: {}, compliance: {} }],
  ])('writes %s canonically', (_, event) => {
    for (const sealed of [undefined, { 'context.userId': 'q83v', subjectId: 'AA' }]) {
      const envelope = buildEnvelope(event, options(sealed ? { sealed } : {}));
      expect(envelope).toBe(canonicalize(JSON.parse(envelope)));
    }
  });

  it('fills in what the type and the time of receipt say', () => {
    expect(JSON.parse(buildEnvelope(minimal, options()))).toEqual({
      v: 1,
      id: '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12',
      tenant: 'acme',
      eventType: 'DATA_READ',
      category: 'data',
      severity: 'info',
      outcome: 'success',
      occurredAt: '2026-11-23T05:16:00.123Z',
      receivedAt: '2026-11-23T05:16:00.123Z',
      description: 'read',
      retention: 'user_action',
      retainUntil: '2027-11-24',
    });
  });

  it('keeps everything that was sent', () => {
    expect(JSON.parse(buildEnvelope(full, options()))).toMatchObject({ ...full, retention: 'financial' });
  });

  it('names the actor as the person concerned unless another is named', () => {
    const event = { ...minimal, context: { userId: 'u' } };
    expect(JSON.parse(buildEnvelope(event, options()))).toMatchObject({ subjectId: 'u' });
    expect(JSON.parse(buildEnvelope({ ...event, subjectId: 'p' }, options()))).toMatchObject({ subjectId: 'p' });
  });

  it("needs the definition of a tenant's own type", () => {
    const event = { ...minimal, eventType: 'OWN' };
    expect(() => buildEnvelope(event, options())).toThrow(TypeError);
  });
});

describe('retainUntil', () => {
  it('lets no event go before its full days have passed', () => {
    expect(retainUntil(Date.UTC(2026, 0, 1, 0, 0, 0, 1), 1)).toBe('2026-01-03');
    expect(retainUntil(Date.UTC(2026, 0, 1), 1)).toBe('2026-01-02');
  });
});

describe('sameEvent', () => {
  const later = options({
    receivedAt: NOW + 86_400_000,
    retentionDays: { security: 1, compliance: 1, financial: 1, user_action: 1 },
    sealed: { subjectId: 'other nonce' },
  });

  it('knows an event that was sent again, later and sealed anew', () => {
    expect(sameEvent(buildEnvelope(full, options()), buildEnvelope(full, later))).toBe(true);
  });

  it('knows it also when the sender named no time', () => {
    expect(sameEvent(buildEnvelope(minimal, options()), buildEnvelope(minimal, later))).toBe(true);
  });

  it('knows it also when the time that the sender named was that of the first receipt', () => {
    const named = { ...minimal, occurredAt: new Date(NOW).toISOString() };
    expect(sameEvent(buildEnvelope(named, options()), buildEnvelope(named, later))).toBe(true);
    expect(sameEvent(buildEnvelope(named, later), buildEnvelope(named, options()))).toBe(true);
  });

  it('tells events apart by anything else', () => {
    const a = buildEnvelope(full, options());
    expect(sameEvent(a, buildEnvelope({ ...full, description: 'x' }, later))).toBe(false);
    expect(sameEvent(a, buildEnvelope({ ...full, occurredAt: '2026-11-23T05:00:00.001Z' }, later))).toBe(false);
    expect(sameEvent(a, buildEnvelope({ ...full, details: { ...full.details, receivedAt: 1 } }, later))).toBe(false);
  });
});
