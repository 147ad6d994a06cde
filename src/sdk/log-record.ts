import type { AuditLogger } from './logger';
import type { FlatFields } from './types';

/** What an entry of an application's log may say of the event that it is, in members of these names. */
const FIELD_NAMES = [
  'userId',
  'sessionId',
  'ipAddress',
  'userAgent',
  'resourceType',
  'resourceId',
  'correlationId',
  'service',
  'severity',
  'outcome',
  'subjectId',
  'changes',
  'compliance',
  'amount',
  'currency',
  'recordCount',
  'id',
] as const satisfies readonly (keyof FlatFields)[];

/** Where the entry carries the context of the thread that wrote it (`auditMixin`). */
export const CONTEXT_MEMBER = 'auditContext';

export interface LogRecord {
  message: string;
  /** Members of the entry beside message, level and time. */
  members: Record<string, unknown>;
  /** When it was written. */
  at: Date | undefined;
  /** Whether it is recorded although it names no event: as `SYSTEM_ERROR`. */
  grave: boolean;
}

/** Records an entry that names an event in its member `eventType`; others are passed over unless they are grave. */
export function recordEntry(logger: AuditLogger, { message, members, at, grave }: LogRecord): void {
  const { eventType, [CONTEXT_MEMBER]: context, details, ...rest } = members;
  const named = typeof eventType === 'string' && eventType !== '';
  if (!named && !grave) return;
  const fields: Record<string, unknown> = {};
  for (const name of FIELD_NAMES) {
    if (rest[name] === undefined) continue;
    fields[name] = rest[name];
    delete rest[name];
  }
  const more = typeof details === 'object' && details !== null ? { ...rest, ...details } : rest;
  void logger.logFlat(named ? eventType : 'SYSTEM_ERROR', message, {
    ...fields,
    ...(typeof context === 'object' && context !== null && { context }),
    ...(at && { occurredAt: at }),
    ...(Object.keys(more).length > 0 && { details: more }),
  });
}
