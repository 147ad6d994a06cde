import { AuditError } from './errors';
import { AuditLogger } from './logger';
import type { AuditOptions } from './options';
import type { Delivered, EventFields, SentEventType } from './types';

// Under a name of the whole process: a second copy of this package uses the logger that the first was given.
const KEY = Symbol.for('mcp-audit.sdk.logger');
const shared = globalThis as { [KEY]?: AuditLogger };

/**
 * Makes the logger that `auditEvent`, the decorators and all integrations use; one that was made before is closed.
 * @throws AuditError `OPTIONS_INVALID`
 */
export function initializeAuditLogging(options: AuditOptions): AuditLogger {
  const logger = new AuditLogger(options);
  void shared[KEY]?.close();
  shared[KEY] = logger;
  return logger;
}

/** @throws AuditError `NOT_INITIALIZED` */
export function getAuditLogger(): AuditLogger {
  const logger = shared[KEY];
  if (!logger) throw new AuditError('NOT_INITIALIZED', 'call initializeAuditLogging({ url, apiKey }) first');
  return logger;
}

/** Undefined before `initializeAuditLogging`. */
export const currentAuditLogger = (): AuditLogger | undefined => shared[KEY];

/**
 * Records an event with the logger of the process.
 * @throws AuditError `NOT_INITIALIZED`
 */
export function auditEvent(eventType: SentEventType, description: string, fields?: EventFields): Promise<Delivered> {
  return getAuditLogger().log(eventType, description, fields);
}
