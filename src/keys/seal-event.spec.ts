import { randomBytes } from 'node:crypto';
import type { AuditEvent } from '../events/event.schema';
import { parsePrivateFields } from './private-fields';
import { ALTERED, ERASED, openEvent, Owners, sealedPaths, sealEvent } from './seal-event';
import { isReference, SubjectKey } from './subject-record';

const person = (letter: string): SubjectKey => ({ reference: `sub_${letter.repeat(22)}`, key: randomBytes(32) });
const actor = person('a');
const subject = person('s');
const unattributed = person('u');
const PLACE = { tenant: 'acme', id: '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12' };
const FIELDS = parsePrivateFields();

const EVENT: AuditEvent = {
  eventType: 'DATA_UPDATED',
  description: 'Address changed',
  context: { userId: 'clerk-7', userAgent: 'Mozilla/5.0', ipAddress: '203.0.113.9' },
  subjectId: 'ana',
  details: { email: 'ana@example.org', count: 3 },
  changes: { before: { name: 'Ana A', city: 'Porto' }, after: { name: 'Ana B', city: 'Faro' } },
};
const owners = (over: Partial<Owners> = {}): Owners => ({ actor, subject, unattributed, ...over });
const seal = (event: AuditEvent, who = owners()) => sealEvent(event, PLACE, who, FIELDS);
const stored = (event: AuditEvent, who = owners()) => {
  const { event: out, sealed } = seal(event, who);
  return { ...out, ...PLACE, ...(sealed && { sealed }) };
};
const known =
  (...people: [string, SubjectKey][]) =>
  (reference: string) => {
    const found = people.find(([, p]) => p.reference === reference);
    return found && { id: found[0], key: found[1].key };
  };
const everyone = known(['clerk-7', actor], ['ana', subject]);

describe('sealing an event', () => {
  it('leaves references and what is not private', () => {
    const { event, sealed } = seal(EVENT);
    expect(event).toEqual({
      ...EVENT,
      context: { userId: actor.reference, ipAddress: '203.0.113.9' },
      subjectId: subject.reference,
      details: { count: 3 },
      changes: { before: { city: 'Porto' }, after: { city: 'Faro' } },
    });
    expect(sealedPaths(sealed ?? {}).sort()).toEqual([
      'changes.after.name',
      'changes.before.name',
      'context.userAgent',
      'details.email',
    ]);
  });

  it('seals all that belongs to one person at once', () => {
    expect(Object.keys(seal(EVENT).sealed ?? {})).toHaveLength(2);
    const self = owners({ actor: subject });
    expect(Object.keys(seal(EVENT, self).sealed ?? {})).toHaveLength(1);
    const seen = openEvent(stored(EVENT, self), known(['ana', subject]), undefined, isReference);
    expect(seen).toEqual({ ...EVENT, ...PLACE, context: { ...EVENT.context, userId: 'ana' } });
  });

  it('is undone by opening', () => {
    expect(openEvent(stored(EVENT), everyone, undefined, isReference)).toEqual({ ...EVENT, ...PLACE });
  });

  it('shows what belongs to an erased person as erased, and the rest', () => {
    const seen = openEvent(stored(EVENT), known(['clerk-7', actor]), undefined, isReference);
    expect(seen).toMatchObject({
      context: { userId: 'clerk-7', userAgent: 'Mozilla/5.0' },
      subjectId: ERASED,
      details: { email: { erased: true }, count: 3 },
    });
  });

  it('seals what belongs to nobody under a key of the tenant', () => {
    const event = { ...EVENT, context: { userAgent: 'curl' }, subjectId: undefined };
    const nobody = owners({ actor: undefined, subject: undefined });
    expect(openEvent(stored(event, nobody), known(), unattributed.key, isReference)).toMatchObject({
      context: { userAgent: 'curl' },
      details: { email: 'ana@example.org' },
    });
  });

  it('binds a field to its event and its name', () => {
    const one = stored(EVENT);
    const moved = { ...one, id: '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d13' };
    const seen = openEvent(moved, everyone, undefined, isReference);
    expect(seen.details).toEqual({ count: 3, email: ALTERED });
    expect(seen.context?.userAgent).toEqual(ALTERED);
    const [, ofSubject = ''] = Object.values(one.sealed ?? {});
    const sealed = { 'details.email': ofSubject };
    expect(openEvent({ ...one, sealed }, everyone, undefined, isReference).details?.email).toEqual(ALTERED);
  });

  it('keeps a private null apart from what was altered', () => {
    const seen = openEvent(stored({ ...EVENT, details: { email: null } }), everyone, undefined, isReference);
    expect(seen.details).toEqual({ email: null });
  });

  it('gives an event without people and private fields back as it is', () => {
    const plain: AuditEvent = { eventType: 'SYSTEM_STARTED', description: 'up', details: { version: '1' } };
    expect(seal(plain, owners({ actor: undefined, subject: undefined }))).toEqual({ event: plain, sealed: undefined });
  });

  it('does not let a name of a field reach the prototype', () => {
    const details = JSON.parse('{"__proto__":{"email":"x"}}') as NonNullable<AuditEvent['details']>;
    const seen = openEvent(stored({ ...EVENT, details }), everyone, undefined, isReference);
    expect(JSON.stringify(seen.details)).toBe('{"__proto__":{"email":"x"}}');
    expect(({} as { email?: string }).email).toBeUndefined();
  });
});
