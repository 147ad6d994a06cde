import { AuditError } from './errors';
import type { RedactOptions } from './redact';
import type { AuditContext, Severity } from './types';

export interface SpoolOptions {
  /** Directory for events that wait; processes may share it. */
  dir: string;
  /** Bytes on disk past which the oldest of the least severe events are dropped; default 256 MiB. */
  maxBytes?: number;
  /** Secret that the files are encrypted with; default: the API key. */
  key?: string;
  /** Earlier secrets, to read what they wrote. */
  oldKeys?: readonly string[];
  /** Whether each write waits for the disk, so that a power failure loses nothing either; default true. */
  sync?: boolean;
}

export interface ReceiptOptions {
  /** Directory to keep receipts in; default: `receipts` in that of the spool, else memory only. */
  dir?: string;
  /** How many of the newest are kept; default 100,000 on disk, 10,000 in memory. */
  max?: number;
}

export interface AuditOptions {
  /** Where the audit system is, such as https://audit.example.org */
  url: string;
  /** A key with the role `ingest`. */
  apiKey: string;
  /** Tenant to record for; only for keys that are bound to none. */
  tenant?: string;
  /** Name of this application, `context.service` of its events. */
  service?: string;
  /** What else every event carries unless it says otherwise. */
  context?: AuditContext;
  /** False records nothing at all, for tests and development; default true. */
  enabled?: boolean;
  /** Events in one request, at most 1000; default 500. */
  batchSize?: number;
  /** How long an event waits for others before they are sent, ms; default 100. */
  flushIntervalMs?: number;
  /** Bytes of events kept in memory; default 16 MiB. */
  maxMemoryBytes?: number;
  /** Disk for events that wait. Without it they wait in memory, and a crash loses them. */
  spool?: SpoolOptions;
  /**
   * Severities whose promise rejects if an event is neither acknowledged nor spooled within `failClosedTimeoutMs`; promises of
   * all others never reject. Default: none.
   */
  failClosed?: readonly Severity[];
  /** Default 10,000. */
  failClosedTimeoutMs?: number;
  /** Requests at a time; default 2. */
  concurrency?: number;
  /** How long one request may take, ms; default 30,000. */
  requestTimeoutMs?: number;
  /** Longest pause between attempts unless the server asks for more, ms; default 30,000. */
  maxRetryDelayMs?: number;
  /** What is secret beside the usual; false redacts nothing. */
  redact?: RedactOptions | false;
  /** Whether receipts are kept for `verifyReceipts`, and how; default true. */
  receipts?: ReceiptOptions | boolean;
  /** Told of everything that goes wrong. Default: a warning of the process for the first error of each kind. */
  onError?: (error: AuditError) => void;
}

type Defaulted =
  | 'enabled'
  | 'batchSize'
  | 'flushIntervalMs'
  | 'maxMemoryBytes'
  | 'failClosed'
  | 'failClosedTimeoutMs'
  | 'concurrency'
  | 'requestTimeoutMs'
  | 'maxRetryDelayMs'
  | 'onError';

export type Settings = AuditOptions & Required<Pick<AuditOptions, Defaulted>>;

const MEBIBYTE = 1024 * 1024;
export const DEFAULT_SPOOL_BYTES = 256 * MEBIBYTE;

const DEFAULTS: Required<Pick<AuditOptions, Exclude<Defaulted, 'onError'>>> = {
  enabled: true,
  batchSize: 500,
  flushIntervalMs: 100,
  maxMemoryBytes: 16 * MEBIBYTE,
  failClosed: [],
  failClosedTimeoutMs: 10_000,
  concurrency: 2,
  requestTimeoutMs: 30_000,
  maxRetryDelayMs: 30_000,
};

/** A logger that silently does nothing would be worse than none. */
function warnOnce(): (error: AuditError) => void {
  const told = new Set<string>();
  return ({ code, message }) => {
    if (told.has(code)) return;
    told.add(code);
    process.emitWarning(message, { type: 'AuditWarning', code });
  };
}

/** Fills in defaults. @throws AuditError `OPTIONS_INVALID` that names all faults */
export function settingsOf(options: AuditOptions): Settings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings = { ...DEFAULTS, onError: warnOnce(), ...given } as Settings;
  const faults: string[] = [];
  if (settings.enabled) {
    if (!URL.canParse(settings.url) || !/^https?:$/.test(new URL(settings.url).protocol)) {
      faults.push('url must be an http or https URL, such as https://audit.example.org');
    }
    if (typeof settings.apiKey !== 'string' || !/^[\x21-\x7e]+$/.test(settings.apiKey)) {
      faults.push('apiKey must be a key of the audit system (mcp-audit apikey create --role ingest)');
    }
  }
  const positive = [
    'batchSize',
    'maxMemoryBytes',
    'failClosedTimeoutMs',
    'concurrency',
    'requestTimeoutMs',
    'maxRetryDelayMs',
  ] as const;
  for (const name of positive) if (!(settings[name] > 0)) faults.push(`${name} must be greater than 0`);
  if (!(settings.flushIntervalMs >= 0)) faults.push('flushIntervalMs must not be negative');
  if (settings.batchSize > 1000) faults.push('batchSize must not exceed 1000: one answer lists no more refusals');
  if (settings.spool && !settings.spool.dir) faults.push('spool.dir must name a directory');
  if (settings.spool?.maxBytes !== undefined && !(settings.spool.maxBytes >= 65_536)) {
    faults.push('spool.maxBytes must be at least 65536');
  }
  if (faults.length > 0) throw new AuditError('OPTIONS_INVALID', `audit logging is not set up: ${faults.join('; ')}`);
  return settings;
}
