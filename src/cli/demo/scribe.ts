import type { EventTypeName } from '../../events/event-types';
import { derivedUuidV7 } from '../../events/uuid';
import type { ImportedEvent } from '../import/parser';
import type { Person } from './company';

export type EventParts = Omit<ImportedEvent, 'id' | 'eventType' | 'occurredAt' | 'description'>;

/** Writes down events; their ids derive from the name of the chapter, their place in it and their time. */
export class Scribe {
  readonly events: ImportedEvent[] = [];

  constructor(private readonly chapter: string) {}

  /** `ms` since the epoch. */
  write(ms: number, eventType: EventTypeName, description: string, parts: EventParts): void {
    const time = Math.round(ms);
    this.events.push({
      id: derivedUuidV7(`demo ${this.chapter} ${this.events.length}`, time),
      eventType,
      occurredAt: new Date(time).toISOString(),
      description,
      ...parts,
    });
  }
}

/** The context of a person's act in a session. */
export function acting(
  person: Person,
  sessionId: string,
  service: string,
  resource?: [type: string, id: string],
): NonNullable<ImportedEvent['context']> {
  return {
    userId: person.id,
    sessionId,
    ipAddress: person.address,
    userAgent: person.userAgent,
    service,
    ...(resource ? { resourceType: resource[0], resourceId: resource[1] } : {}),
  };
}
