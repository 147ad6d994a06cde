import type { JsonObject } from '../events/canonical-json';
import { ERASED, openEvent, StoredEvent } from '../keys/seal-event';
import { isReference } from '../keys/subject-record';
import type { EventItem } from '../search/event-item';

/** Stands where the data of somebody else was. */
const WITHHELD = Object.freeze({ withheld: true });

/** One event as the person sees it to whom it belongs. */
export interface PackageEvent {
  id: string;
  occurredAt: string;
  eventType: string;
  /** `actor`: the person did it; `subject`: it was done with the person's data; `both`. */
  role: 'actor' | 'subject' | 'both';
  outcome: string;
  description: string;
  retainUntil: string;
  context: JsonObject;
  details?: unknown;
  changes?: unknown;
  compliance?: unknown;
  amount?: number;
  currency?: string;
  recordCount?: number;
}

/** What opens the fields of one person. */
export interface PackagePerson {
  /** All that stands for the person in events. */
  references: readonly string[];
  id: string;
  keys: ReadonlyMap<string, Buffer>;
}

/**
 * An event without what belongs to others: who else acted and from where, and the contents of what the person did with the data of
 * somebody else (Art. 15(4) GDPR). Fields of the person are opened.
 */
export function packageEvent(item: EventItem, person: PackagePerson): PackageEvent {
  const isPerson = (id: string | undefined) => id !== undefined && person.references.includes(id);
  const acted = isPerson(item.context?.userId);
  const concerned = isPerson(item.subjectId ?? item.context?.userId);
  const keyOf = (reference: string) => {
    const key = person.keys.get(reference);
    return key && { id: person.id, key };
  };
  const opened = openEvent(item as EventItem & StoredEvent, keyOf, undefined, isReference);
  const { resourceType, resourceId, service, ...ofActor } = opened.context ?? {};
  const { details, changes, compliance, amount, currency, recordCount } = opened;
  const event = {
    ...{ id: item.id, occurredAt: item.occurredAt, eventType: item.eventType },
    role: acted && concerned ? 'both' : acted ? 'actor' : 'subject',
    ...{ outcome: item.outcome, description: item.description, retainUntil: item.retainUntil },
    // What the person worked on may be named after somebody else.
    context: { service, resourceType, ...(concerned && { resourceId }), ...(acted && ofActor) },
    ...(concerned && { details, changes, compliance, amount, currency }),
    recordCount,
  };
  return JSON.parse(JSON.stringify(event, withhold)) as PackageEvent;
}

const withhold = (_: string, value: unknown): unknown => (value === ERASED ? WITHHELD : value);

/** What the log holds about a person, in numbers and kinds: Art. 15(1) GDPR, Art. 19 LGPD. */
export interface PackageSummary {
  events: number;
  asActor: number;
  asSubject: number;
  firstAt: string | null;
  lastAt: string | null;
  purposes: string[];
  legalBases: string[];
  dataCategories: string[];
  recipients: string[];
  services: string[];
  /** The last day on which one of the events may still be kept. */
  retainedUntil: string | null;
}

/** All but the events. */
export interface PackageHead {
  format: 'mcp-audit-data-package/1';
  tenant: string;
  producedAt: string;
  request: { id: string; law: string; right: string; openedAt: string };
  /** null if the person was erased. */
  person: string | null;
  references: string[];
  erased: { at: string; erasureId: string } | null;
  summary: PackageSummary;
  consents: { purpose: string | null; state: string; changedAt: string; dataCategories: string[] }[];
  requests: { id: string; law: string; right: string; state: string; openedAt: string; closedAt: string | null }[];
}

/** The package as JSON text, piece by piece, so that it may be of any size. */
export async function* packageText(head: PackageHead, events: AsyncIterable<PackageEvent>): AsyncGenerator<string> {
  yield `${JSON.stringify(head, null, 1).slice(0, -2)},\n "events": [`;
  let between = '\n  ';
  for await (const event of events) {
    yield between + JSON.stringify(event);
    between = ',\n  ';
  }
  yield '\n ]\n}\n';
}
