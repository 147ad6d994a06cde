/** Why an event or a request went wrong; `code` is stable. */
export type AuditErrorCode =
  /** The options given make no sense. */
  | 'OPTIONS_INVALID'
  /** `getAuditLogger` before `initializeAuditLogging`. */
  | 'NOT_INITIALIZED'
  /** The server cannot be reached, or asks to wait; it is tried again. */
  | 'UNAVAILABLE'
  /** The server does not accept the API key; it is tried again, since keys can be repaired. */
  | 'UNAUTHORIZED'
  /** The server will never take these events. */
  | 'REJECTED'
  /** There was no room for events any more. */
  | 'DROPPED'
  /** An event was neither acknowledged nor spooled in time. */
  | 'NOT_DURABLE'
  /** The spool cannot be written, or read with this key. */
  | 'SPOOL_FAILED'
  /** Receipts could not be kept. */
  | 'RECEIPTS_FAILED'
  /** An event was recorded after `close`. */
  | 'CLOSED'
  /** Code of the application that the SDK was given (a loader, a resolver) failed. */
  | 'CALLBACK_FAILED';

export interface RejectedItem {
  /** Id of the event. */
  id: string;
  problems: { path: string; message: string }[];
}

/** What `onError` is told, and what fail-closed events reject with. Holds no content of events. */
export class AuditError extends Error {
  /** How many events this is about; 0 if none is lost by it. */
  readonly events: number;
  readonly rejected: readonly RejectedItem[];

  constructor(
    readonly code: AuditErrorCode,
    message: string,
    options: { cause?: unknown; events?: number; rejected?: readonly RejectedItem[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AuditError';
    this.events = options.events ?? 0;
    this.rejected = options.rejected ?? [];
  }
}

/** The message of whatever was thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
