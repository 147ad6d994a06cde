import { MemoryTrust, TrustFile, TrustStore } from './checkpoint-watch';
import { buildEvent, BuiltEvent, BuildOptions } from './build-event';
import { mergeContexts } from './context';
import { Delivery } from './delivery';
import { describeDrops, Drops } from './drop-tally';
import { AuditError, reasonOf } from './errors';
import { HttpClient } from './http-client';
import { LedgerClient } from './ledger-client';
import { AuditOptions, Settings, settingsOf } from './options';
import { receiptDir, receiptStore } from './receipt-options';
import type { ReceiptStore } from './receipts';
import { Redactor } from './redact';
import type { Delivered, EventFields, EventTypeOf, FlatFields, SentEventType, Severity } from './types';
import { VerifyOptions, VerifyReport, verifyReceipts } from './verify-receipts';

const FLUSH_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 5000;
const VERIFY_CONNECTIONS = 4;

/** What a logger has done since it was made. */
export interface AuditStats {
  /** Events handed in. */
  recorded: number;
  /** Durable at the server; also those that an earlier process left in the spool. */
  acknowledged: number;
  rejected: number;
  dropped: number;
  /** Requests' worth of events that wait. */
  waitingBatches: number;
  spooledBytes: number;
}

/**
 * Records events. The promises of its methods never reject, except for severities of `failClosed`, and need not be awaited: they
 * resolve with what became of the event.
 */
export class AuditLogger {
  readonly settings: Readonly<Settings>;
  private readonly delivery: Delivery | undefined;
  private readonly receipts: ReceiptStore | undefined;
  private readonly trust: TrustStore;
  private readonly build: BuildOptions;
  private readonly failClosed: ReadonlySet<Severity>;
  private recorded = 0;
  private closing: Promise<boolean> | undefined;
  private readonly beforeExit = () => void this.close();

  /** @throws AuditError `OPTIONS_INVALID` */
  constructor(options: AuditOptions) {
    const settings = settingsOf(options);
    this.settings = { ...settings, onError: guarded(settings.onError) };
    this.failClosed = new Set(settings.failClosed);
    const service = settings.service === undefined ? {} : { service: settings.service };
    this.build = {
      context: { ...service, ...settings.context },
      redactor: settings.redact === false ? undefined : new Redactor(settings.redact),
    };
    const dir = receiptDir(settings);
    this.trust = dir === undefined ? new MemoryTrust() : new TrustFile(dir);
    if (!settings.enabled) return;
    this.receipts = receiptStore(settings);
    const client = new HttpClient(
      settings.url,
      headersOf(settings.apiKey, settings.tenant),
      settings.requestTimeoutMs,
      settings.concurrency,
    );
    this.delivery = new Delivery(this.settings, client, this.receipts, (drops) => this.reportDrops(drops));
    // A process that has nothing left to do still delivers what it recorded.
    process.once('beforeExit', this.beforeExit);
  }

  /** Records an event of any type. */
  log(eventType: SentEventType, description: string, fields: EventFields = {}): Promise<Delivered> {
    if (!this.delivery) return Promise.resolve('dropped');
    let event: BuiltEvent;
    try {
      event = buildEvent(eventType, description, fields, this.build);
    } catch (cause) {
      const error = new AuditError('REJECTED', `an event cannot be written: ${reasonOf(cause)}`, { cause, events: 1 });
      return this.refuse(error, this.failClosed.has(fields.severity ?? 'info'));
    }
    const strict = this.failClosed.has(event.severity);
    if (this.closing) return this.refuse(new AuditError('CLOSED', 'the audit logger is closed', { events: 1 }), strict);
    this.recorded += 1;
    const { delivery } = this;
    if (!strict) return new Promise((resolve) => delivery.add(event, resolve, false));
    return this.strictly(event, delivery);
  }

  /** Records an event of any type, with the members of the context beside its other fields. */
  logFlat(eventType: SentEventType, description: string, fields?: FlatFields): Promise<Delivered> {
    return this.log(eventType, description, nested(fields));
  }

  logAuthenticationEvent(
    eventType: EventTypeOf<'authentication'>,
    description: string,
    fields?: FlatFields,
  ): Promise<Delivered> {
    return this.log(eventType, description, nested(fields));
  }

  logAuthorizationEvent(
    eventType: EventTypeOf<'authorization'>,
    description: string,
    fields?: FlatFields,
  ): Promise<Delivered> {
    return this.log(eventType, description, nested(fields));
  }

  logDataEvent(eventType: EventTypeOf<'data'>, description: string, fields?: FlatFields): Promise<Delivered> {
    return this.log(eventType, description, nested(fields));
  }

  logSecurityEvent(eventType: EventTypeOf<'security'>, description: string, fields?: FlatFields): Promise<Delivered> {
    return this.log(eventType, description, nested(fields));
  }

  logComplianceEvent(
    eventType: EventTypeOf<'compliance'>,
    description: string,
    fields?: FlatFields,
  ): Promise<Delivered> {
    return this.log(eventType, description, nested(fields));
  }

  logFinancialEvent(eventType: EventTypeOf<'financial'>, description: string, fields?: FlatFields): Promise<Delivered> {
    return this.log(eventType, description, nested(fields));
  }

  logUserEvent(eventType: EventTypeOf<'user'>, description: string, fields?: FlatFields): Promise<Delivered> {
    return this.log(eventType, description, nested(fields));
  }

  logApiEvent(eventType: EventTypeOf<'api'>, description: string, fields?: FlatFields): Promise<Delivered> {
    return this.log(eventType, description, nested(fields));
  }

  logConfigurationEvent(
    eventType: EventTypeOf<'configuration'>,
    description: string,
    fields?: FlatFields,
  ): Promise<Delivered> {
    return this.log(eventType, description, nested(fields));
  }

  logSystemEvent(eventType: EventTypeOf<'system'>, description: string, fields?: FlatFields): Promise<Delivered> {
    return this.log(eventType, description, nested(fields));
  }

  /** Tries to deliver all that was recorded before; false if some of it still waits, in the spool or in memory. */
  flush(timeoutMs = FLUSH_TIMEOUT_MS): Promise<boolean> {
    return this.delivery?.flush(timeoutMs) ?? Promise.resolve(true);
  }

  /** Flushes and ends; what the server has not taken by then stays in the spool. Calling it again is harmless. */
  close(timeoutMs = CLOSE_TIMEOUT_MS): Promise<boolean> {
    process.removeListener('beforeExit', this.beforeExit);
    this.closing ??= this.delivery?.close(timeoutMs) ?? Promise.resolve(true);
    return this.closing;
  }

  stats(): AuditStats {
    const { acknowledged = 0, rejected = 0, dropped = 0, waiting = 0, spooledBytes = 0 } = this.delivery ?? {};
    return { recorded: this.recorded, acknowledged, rejected, dropped, waitingBatches: waiting, spooledBytes };
  }

  /**
   * Asks the server to prove that it holds, unaltered, what it acknowledged; see `VerifyReport`.
   * @throws AuditError `OPTIONS_INVALID` without receipts, `UNAUTHORIZED` or `UNAVAILABLE` if the server cannot be asked
   */
  async verifyReceipts(options: VerifyOptions = {}): Promise<VerifyReport> {
    if (!this.receipts) throw new AuditError('OPTIONS_INVALID', 'no receipts are kept: the option receipts is false');
    const { url, apiKey, requestTimeoutMs, tenant } = this.settings;
    const client = new HttpClient(
      url,
      headersOf(options.apiKey ?? apiKey, tenant),
      requestTimeoutMs,
      VERIFY_CONNECTIONS,
    );
    try {
      return await verifyReceipts(
        await this.receipts.list(),
        new LedgerClient(client),
        this.trust,
        options,
        Date.now(),
      );
    } finally {
      client.close();
    }
  }

  /** Rejects unless the event is acknowledged or spooled in time. */
  private strictly(event: BuiltEvent, delivery: Delivery): Promise<Delivered> {
    const { failClosedTimeoutMs: limit } = this.settings;
    const work = new Promise<Delivered>((resolve, reject) => {
      const fail = (why: string) =>
        reject(new AuditError('NOT_DURABLE', `the event ${event.id} ${why}`, { events: 1 }));
      const timer = setTimeout(() => fail(`was neither acknowledged nor spooled within ${limit} ms`), limit);
      const settle = (outcome: Delivered) => {
        clearTimeout(timer);
        if (outcome === 'acknowledged' || outcome === 'spooled') resolve(outcome);
        else fail(`was ${outcome}`);
      };
      delivery.add(event, settle, true);
    });
    return handled(work);
  }

  private refuse(error: AuditError, strict: boolean): Promise<Delivered> {
    this.settings.onError(error);
    return strict ? handled(Promise.reject(error)) : Promise.resolve('dropped');
  }

  private reportDrops(drops: Drops): void {
    const details = { dropped: drops.bySeverity, total: drops.total };
    const times = { since: new Date(drops.since), until: new Date(drops.until) };
    void this.log('SYSTEM_ERROR', describeDrops(drops), {
      details: { ...details, ...times },
      recordCount: drops.total,
    });
  }
}

/** Who does not await the promise must not be ended by its rejection. */
function handled<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}

function headersOf(apiKey: string, tenant: string | undefined): Record<string, string> {
  return { authorization: `Bearer ${apiKey}`, ...(tenant !== undefined && { 'x-tenant': tenant }) };
}

function nested(fields: FlatFields = {}): EventFields {
  const { userId, sessionId, ipAddress, userAgent, resourceType, resourceId, correlationId, service, ...rest } = fields;
  const context = { userId, sessionId, ipAddress, userAgent, resourceType, resourceId, correlationId, service };
  return { ...rest, context: mergeContexts(rest.context ?? {}, context) };
}

/** An error handler that fails must not disturb the application. */
function guarded(onError: (error: AuditError) => void): (error: AuditError) => void {
  return (error) => {
    try {
      onError(error);
    } catch (thrown) {
      process.emitWarning(`onError of the audit logger failed: ${reasonOf(thrown)}`);
    }
  };
}
