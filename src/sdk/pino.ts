import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { currentAuditContext } from './context';
import { CONTEXT_MEMBER, recordEntry } from './log-record';
import { AuditLogger } from './logger';
import type { AuditOptions } from './options';

export interface PinoTransportOptions extends Omit<AuditOptions, 'onError' | 'redact'> {
  /** Level, as pino numbers it, from which entries that name no event are recorded as `SYSTEM_ERROR`; default: none are. */
  minLevel?: number;
  /** Redacts nothing if false. */
  redact?: false;
}

/** Members that pino adds to every entry. */
const NOISE = ['pid', 'hostname', 'v'];

/**
 * Transport for pino, `pino({ mixin: auditMixin, transport: { target: 'mcp-audit/sdk/pino', options: { url, apiKey } } })`: entries with a
 * member `eventType` become events.
 */
export default function auditTransport({ minLevel = Infinity, ...options }: PinoTransportOptions): Writable {
  const logger = new AuditLogger(options);
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const take = (line: string) => {
    const entry = parsed(line);
    if (!entry) return;
    const { level, time, msg, ...members } = entry;
    for (const name of NOISE) delete members[name];
    recordEntry(logger, {
      message: typeof msg === 'string' ? msg : '',
      members,
      at: typeof time === 'number' || typeof time === 'string' ? new Date(time) : undefined,
      grave: typeof level === 'number' && level >= minLevel,
    });
  };
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(take);
      done();
    },
    final(done) {
      take(rest);
      logger.close().then(
        () => done(),
        (error: Error) => done(error),
      );
    },
  });
}

/** For pino's option `mixin`: the transport runs in another thread, which knows the context only from the entry itself. */
export const auditMixin = (): Record<string, unknown> => ({ [CONTEXT_MEMBER]: currentAuditContext() });

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
