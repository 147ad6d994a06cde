import { derivedUuidV7, isUuid } from '../../events/uuid';
import { Occurrences } from './occurrences';
import { ImportedEvent, LineParser, ParsedLine, rejected, skipped } from './parser';

export interface NdjsonOptions {
  /** RFC 3339; for lines without `occurredAt`. Undefined: such lines are rejected. */
  defaultTime: string | undefined;
  /** Set as `context.service` where a line names none. */
  service: string | undefined;
}

/**
 * Reads events as JSON, one a line. The server judges them; here they only get what makes a repeated import the same: an
 * id (the line's own, or derived from its content and its number among identical lines) and a time.
 */
export class NdjsonParser implements LineParser {
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private readonly occurrences = new Occurrences();
  /** Lines that had no time of their own. */
  timesAssumed = 0;

  constructor(private readonly options: NdjsonOptions) {}

  parse(line: Buffer): ParsedLine {
    let text: string;
    try {
      text = this.decoder.decode(line).trim();
    } catch {
      return rejected('', 'the line is not valid UTF-8');
    }
    if (text === '') return skipped('empty line');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return rejected('', `the line is not JSON: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return rejected('', 'the line must hold one JSON object');
    }
    return this.complete(value, text);
  }

  private complete(given: Partial<ImportedEvent>, text: string): ParsedLine {
    const occurredAt = given.occurredAt ?? this.options.defaultTime;
    if (occurredAt === undefined) {
      return rejected(
        'occurredAt',
        'is missing, and the time of receipt would make each import another; add it or give --occurred-at',
      );
    }
    if (given.occurredAt === undefined) this.timesAssumed += 1;
    const ms = Date.parse(occurredAt);
    const id = given.id ?? (ms >= 0 ? derivedUuidV7(`ndjson ${text}#${this.occurrences.next(text)}`, ms) : undefined);
    if (id === undefined) return rejected('occurredAt', 'must be a time as in RFC 3339, from 1970 on');
    if (typeof id !== 'string' || !isUuid(id)) return rejected('id', 'must be a UUID');
    const event = { ...given, id, occurredAt } as ImportedEvent;
    const service = this.options.service;
    const context: unknown = event.context ?? {};
    if (service !== undefined && typeof context === 'object') event.context = { service, ...context };
    return { kind: 'events', events: [event] };
  }
}
