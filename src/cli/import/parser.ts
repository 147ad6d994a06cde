import type { FieldProblem } from '../../common/app-error';
import type { AuditEvent } from '../../events/event.schema';

/** An event to be sent. Its id and time are always set: an import repeated must say exactly the same. */
export type ImportedEvent = AuditEvent & { id: string; occurredAt: string };

/** What became of one line. `rejected` is a line that should have been an event and is faulty. */
export type ParsedLine =
  | { kind: 'events'; events: ImportedEvent[] }
  | { kind: 'skipped'; reason: string }
  | { kind: 'rejected'; problems: FieldProblem[] };

/** Turns lines, given in the order of the file, into events. */
export interface LineParser {
  parse(line: Buffer): ParsedLine;
}

export const skipped = (reason: string): ParsedLine => ({ kind: 'skipped', reason });
export const rejected = (path: string, message: string): ParsedLine => ({
  kind: 'rejected',
  problems: [{ path, message }],
});
