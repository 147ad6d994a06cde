import type { RetentionClass } from '../config/config';
import type { EventTypeName } from '../events/event-types';

/** What an erasure would make unreadable, counted over the stored events. Times in ms since the epoch. */
export interface ErasureFacts {
  /** Events in which the person acts or is concerned. */
  events: number;
  firstAt: number | null;
  lastAt: number | null;
  groups: FactGroup[];
  /** Sealed fields under the key of the person; the first hundred. */
  fields: { field: string; events: number }[];
  /** Events stored while encryption was off: they hold the id in plain, and no erasure reaches them. */
  plainEvents: number;
  /** Sealed events of the person that also hold the id somewhere in plain, in a description, say. */
  mentions: number;
}

export interface FactGroup {
  eventType: string;
  retention: RetentionClass;
  events: number;
  firstAt: number;
  lastAt: number;
  /** Those whose retention has not ended. */
  retained: number;
  /** The latest first day on which one of them may be removed, as in 2033-11-22. */
  until: string;
}

/** A hold and how many events of the person it covers; all of them if it names the person. */
export interface HoldOnPerson {
  id: string;
  name: string;
  events: number;
  wholePerson: boolean;
}

/** Why a person may not be erased now. */
export type Blocker =
  | { kind: 'retention'; retention: RetentionClass; events: number; until: string }
  | { kind: 'hold'; id: string; name: string; events: number };

/** A person who used a right must not lose that of erasure by it: these records stay, and need no more than the reference. */
const RECORDS_OF_RIGHTS: readonly string[] = [
  'GDPR_REQUEST',
  'LGPD_REQUEST',
  'DATA_SUBJECT_REQUEST_COMPLETED',
  'AUDIT_DATA_PACKAGE',
] satisfies EventTypeName[];

/** What stands against an erasure, those with the longest retention first. Pure. */
export function blockersOf(
  facts: ErasureFacts,
  holds: readonly HoldOnPerson[],
  blockedBy: readonly RetentionClass[],
): Blocker[] {
  const byClass = new Map<RetentionClass, { events: number; until: string }>();
  for (const { eventType, retention, retained, until } of facts.groups) {
    if (!blockedBy.includes(retention) || retained === 0 || RECORDS_OF_RIGHTS.includes(eventType)) continue;
    const sum = byClass.get(retention) ?? { events: 0, until: '' };
    byClass.set(retention, { events: sum.events + retained, until: until > sum.until ? until : sum.until });
  }
  const duties = [...byClass]
    .map(([retention, sum]) => ({ kind: 'retention' as const, retention, ...sum }))
    .sort((a, b) => b.until.localeCompare(a.until));
  const held = holds
    .filter((hold) => hold.wholePerson || hold.events > 0)
    .map(({ id, name, events }) => ({ kind: 'hold' as const, id, name, events }));
  return [...duties, ...held];
}

/** One line that says until when, and what to do. Pure. */
export function refusal(blockers: readonly Blocker[]): string {
  const until = blockers.reduce((last, b) => (b.kind === 'retention' && b.until > last ? b.until : last), '');
  const start = until === '' ? 'the person cannot be erased now' : `the person cannot be erased before ${until}`;
  return `${start}: ${blockers.map(describeBlocker).join('; ')}`;
}

export const describeBlocker = (blocker: Blocker): string =>
  blocker.kind === 'retention'
    ? `${blocker.events} event(s) of the retention class ${blocker.retention} must stay readable until ${blocker.until} (AUDIT_ERASURE_BLOCKED_BY)`
    : `the legal hold "${blocker.name}" (${blocker.id}) covers ${blocker.events} stored event(s) of the person; it has to be released first`;

/** An erasure as it is recorded. The id of the person stands nowhere. */
export interface Erasure {
  tenant: string;
  id: string;
  references: string[];
  reason: string;
  /** Id of the API key. */
  requestedBy: string;
  /** `begun`: the keys cannot be used any more; it goes on by itself until it is `done`. */
  state: 'begun' | 'done';
  summary: ErasureFacts;
  /** Newest checkpoint note before; empty if nothing was sealed yet. */
  checkpoint: string;
  certificate: ErasureCertificate | null;
  requestedAt: number;
  finishedAt: number | null;
  version: number;
}

/** The signed statement that an erasure took place. */
export interface ErasureCertificate {
  /** Canonical JSON; the signature is over exactly these bytes. */
  body: string;
  keyNumber: number;
  /** Raw Ed25519 public key, base64. */
  publicKey: string;
  /** base64 */
  signature: string;
}
