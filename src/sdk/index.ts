export { EventType } from '../events/event-types';
export { auditContext, currentAuditContext, extendAuditContext } from './context';
export { AuditDataChange } from './data-change';
export type { AuditDataChangeOptions, RecordLoader } from './data-change';
export { AuditAction, AuditApi } from './decorators';
export type { AuditActionOptions, AuditApiOptions, AuditedCall } from './decorators';
export { AuditError } from './errors';
export type { AuditErrorCode, RejectedItem } from './errors';
export { auditEvent, getAuditLogger, initializeAuditLogging } from './global';
export { AuditLogger } from './logger';
export type { AuditStats } from './logger';
export type { AuditOptions, ReceiptOptions, SpoolOptions } from './options';
export type { RedactOptions } from './redact';
export type {
  AuditContext,
  Category,
  Delivered,
  EventFields,
  EventTypeName,
  EventTypeOf,
  FlatFields,
  Outcome,
  SentEventType,
  Severity,
  WireEvent,
} from './types';
export type { ReceiptFault, ReceiptFaultKind, VerifyOptions, VerifyReport } from './verify-receipts';
