import { CATEGORIES, EVENT_TYPES, EventType } from '../events/event-types';
import type { AuditEvent } from '../events/event.schema';
import { AuditLogger } from './logger';
import type { AuditContext, EventTypeOf, SentEventType, WireEvent } from './types';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Optional members with and without undefined are the same to JSON. */
type Plain<T> = T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
const holds = <T extends true>(value: T) => value;

// These fail to compile, not to run: tsc is what tests them.
describe('the types of the SDK', () => {
  it('are those of the schema', () => {
    expect(holds<Same<keyof WireEvent, keyof AuditEvent>>(true)).toBe(true);
    expect(holds<Same<keyof AuditContext, keyof NonNullable<AuditEvent['context']>>>(true)).toBe(true);
    const theirs = (event: Omit<WireEvent, 'details' | 'changes'>): Plain<Omit<AuditEvent, 'details' | 'changes'>> =>
      event;
    const ours = (event: Omit<AuditEvent, 'details' | 'changes'>): Omit<WireEvent, 'details' | 'changes'> => event;
    expect([theirs, ours]).toHaveLength(2);
  });

  it('know the types of each category, and none that are reserved', () => {
    const security: EventTypeOf<'security'> = EventType.BRUTE_FORCE_DETECTED;
    // @ts-expect-error a login is no security event
    const wrong: EventTypeOf<'security'> = EventType.LOGIN_FAILED;
    const own: SentEventType = 'CONTAINER_SEALED';
    expect([security, wrong, own]).toHaveLength(3);
  });

  it('name every category that applications may use with a method of the logger', () => {
    const methods = Object.getOwnPropertyNames(AuditLogger.prototype);
    for (const category of CATEGORIES.filter((c) => c !== 'audit')) {
      expect(methods).toContain(`log${category[0]?.toUpperCase()}${category.slice(1)}Event`);
    }
    expect(EVENT_TYPES.size).toBeGreaterThan(60);
  });
});
