import { Writable } from 'node:stream';
import { getAuditLogger } from './global';
import { recordEntry } from './log-record';
import type { AuditLogger } from './logger';

export interface AuditTransportOptions {
  /** Default: that of `initializeAuditLogging`, when the first entry comes. */
  logger?: AuditLogger;
  /** Levels whose entries are recorded as `SYSTEM_ERROR` although they name no event; default: none. */
  graveLevels?: readonly string[];
}

/** Transport for winston, `createLogger({ transports: [new AuditTransport()] })`: entries with a member `eventType` become events. */
export class AuditTransport extends Writable {
  constructor(private readonly options: AuditTransportOptions = {}) {
    super({ objectMode: true });
  }

  /** What winston looks for in a transport. */
  log(info: Record<string, unknown>, next: () => void): void {
    const { level, message, timestamp, ...members } = info;
    recordEntry(this.options.logger ?? getAuditLogger(), {
      message: typeof message === 'string' ? message : JSON.stringify(message ?? ''),
      members,
      at: typeof timestamp === 'string' || typeof timestamp === 'number' ? new Date(timestamp) : undefined,
      grave: typeof level === 'string' && (this.options.graveLevels ?? []).includes(level),
    });
    next();
  }

  override _write(info: Record<string, unknown>, _encoding: BufferEncoding, done: () => void): void {
    this.log(info, done);
  }
}
