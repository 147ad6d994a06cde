import { AsyncLocalStorage } from 'node:async_hooks';
import { LoggerService, LogLevel } from '@nestjs/common';
import pino, { Logger } from 'pino';

/** What every log line of a request carries. */
export const requestContext = new AsyncLocalStorage<{ correlationId: string }>();

/** Contexts of Nest whose lines list every module and route at each start: of use only to who debugs the wiring. */
const NEST_START = new Set<unknown>(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer']);

/**
 * Structured logs on standard output, one JSON object a line: level, time, role, pid, context, msg, correlationId.
 * Callers pass messages without personal data; headers and bodies are never logged.
 */
export class JsonLogger implements LoggerService {
  private readonly pino: Logger;

  constructor(level: string, role: string) {
    this.pino = pino({
      level,
      base: { role, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => requestContext.getStore() ?? {},
      serializers: { err: pino.stdSerializers.err },
    });
  }

  log = (message: unknown, ...rest: unknown[]) =>
    this.write(NEST_START.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  error = (message: unknown, ...rest: unknown[]) => this.write('error', message, rest);
  warn = (message: unknown, ...rest: unknown[]) => this.write('warn', message, rest);
  debug = (message: unknown, ...rest: unknown[]) => this.write('debug', message, rest);
  verbose = (message: unknown, ...rest: unknown[]) => this.write('trace', message, rest);
  fatal = (message: unknown, ...rest: unknown[]) => this.write('fatal', message, rest);
  setLogLevels(_levels: LogLevel[]): void {
    // The level comes from AUDIT_LOG_LEVEL alone.
  }

  /** Nest's convention: the last argument is the context's name; an error may stand anywhere, a stack before the context. */
  private write(level: pino.Level, message: unknown, rest: unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? (rest.at(-1) as string) : undefined;
    const err = [message, ...rest].find((part) => part instanceof Error);
    const stack = rest.length > 1 && typeof rest[0] === 'string' ? rest[0] : undefined;
    const fields = { ...(context && { context }), ...(err && { err }), ...(stack && { stack }) };
    if (typeof message === 'string') this.pino[level](fields, message);
    else if (message instanceof Error) this.pino[level](fields, message.message);
    else this.pino[level]({ ...fields, detail: message });
  }
}
