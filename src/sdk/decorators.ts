import { currentScope, RequestFacts, runInScope } from './context';
import { currentAuditLogger } from './global';
import { plainCopy } from './plain';
import { captureResponseBody, requestFacts } from './request-facts';
import type { FlatFields, Outcome, SentEventType } from './types';
import { AuditDecorator, Call, decorator, Ending, quietly } from './wrap-method';

/** What a decorated call was, for functions that take fields from it. */
export interface AuditedCall {
  /** `this` of the method. */
  self: unknown;
  args: readonly unknown[];
  /** Undefined if it failed. */
  result: unknown;
  /** Undefined if it succeeded. */
  error: unknown;
}

export interface AuditActionOptions {
  /** Fields of the event; those of a function are asked for when the call has ended. */
  fields?: FlatFields | ((call: AuditedCall) => FlatFields);
  /** Whether the arguments are recorded, redacted; default false. */
  logArguments?: boolean;
  /** Whether the result is recorded, redacted; default false. */
  logResult?: boolean;
}

/** Records each call of a method when it has ended, well or not. */
export function AuditAction(
  eventType: SentEventType,
  description: string,
  options: AuditActionOptions = {},
): AuditDecorator {
  return decorator((call) => {
    const args = options.logArguments ? plainCopy(call.args, undefined) : undefined;
    return {
      end: (ending) => {
        const own = fieldsOf(options.fields, call, ending);
        const details = {
          method: call.name,
          durationMs: ending.durationMs,
          ...(args !== undefined && { arguments: args }),
          ...(options.logResult && !ending.failed && { result: ending.result }),
          ...errorOf(ending),
          ...own.details,
        };
        record(eventType, description, { ...outcomeOf(ending), ...own, details });
      },
    };
  });
}

export interface AuditApiOptions {
  /** Whether the body of the request is recorded, redacted; default false. */
  logRequestBody?: boolean;
  /** Whether the body of the answer is recorded, redacted; default false. */
  logResponseBody?: boolean;
  /** Default: method and path of the request. */
  description?: string;
  fields?: FlatFields | ((call: AuditedCall) => FlatFields);
}

/**
 * Records each call of a handler as `API_CALL`, or `API_ERROR` if it throws or answers with 500 or more, with method, path,
 * status and duration. The request is known from the middleware of this SDK, or from the arguments of the handler.
 */
export function AuditApi(options: AuditApiOptions = {}): AuditDecorator {
  return decorator((call) => {
    const request = requestFacts(call.args) ?? currentScope()?.request;
    const scope = currentScope();
    const requestBody = options.logRequestBody ? plainCopy(request?.body?.(), undefined) : undefined;
    const sent = options.logResponseBody ? captureResponseBody(call.args) : undefined;
    const begun = performance.now();
    return {
      end: (ending) => {
        const finish = () => {
          const durationMs = Math.round(performance.now() - begun);
          const body = sent?.() ?? (ending.failed || isStream(ending.result) ? undefined : ending.result);
          const own = fieldsOf(options.fields, call, ending);
          const { status, failed } = answerOf(ending, request);
          const details = {
            ...(request && { method: request.method, path: request.path }),
            ...(status !== undefined && { status }),
            handler: call.name,
            durationMs,
            ...(requestBody !== undefined && { requestBody }),
            ...(options.logResponseBody && body !== undefined && { responseBody: body }),
            ...errorOf(ending),
            ...own.details,
          };
          const description = options.description ?? (request ? `${request.method} ${request.path}` : call.name);
          const outcome = statusOutcome(status) ?? outcomeOf(ending).outcome;
          record(failed ? 'API_ERROR' : 'API_CALL', description, { ...(outcome && { outcome }), ...own, details });
        };
        const later = () => quietly(() => (scope ? runInScope(scope, finish) : finish()));
        whenAnswered(request, later);
      },
    };
  });
}

/** The status is final when the answer is out; without one it is what the call came to. */
function whenAnswered(request: RequestFacts | undefined, finish: () => void): void {
  const response = request?.response;
  if (!response || response.writableEnded) return finish();
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    finish();
  };
  response.once('finish', once);
  response.once('close', once);
}

function answerOf(ending: Ending, request: RequestFacts | undefined): { status: number | undefined; failed: boolean } {
  const status = (ending.failed ? errorStatus(ending.error) : undefined) ?? request?.response?.statusCode;
  return { status, failed: ending.failed || (status ?? 0) >= 500 };
}

function statusOutcome(status: number | undefined): Outcome | undefined {
  if (status === undefined) return undefined;
  if (status === 401 || status === 403) return 'denied';
  return status >= 400 ? 'failure' : 'success';
}

export function record(eventType: SentEventType, description: string, fields: FlatFields): void {
  void currentAuditLogger()?.logFlat(eventType, description, fields);
}

export function fieldsOf(
  fields: FlatFields | ((call: AuditedCall) => FlatFields) | undefined,
  { self, args }: Call,
  ending: Ending,
): FlatFields {
  if (typeof fields !== 'function') return fields ?? {};
  const result = ending.failed ? undefined : ending.result;
  return quietly(() => fields({ self, args, result, error: ending.failed ? ending.error : undefined })) ?? {};
}

/** Nothing for what went well: the type knows its usual outcome. */
export function outcomeOf(ending: Ending): { outcome?: Outcome } {
  if (!ending.failed) return {};
  return { outcome: statusOutcome(errorStatus(ending.error)) === 'denied' ? 'denied' : 'failure' };
}

export const errorOf = (ending: Ending): { error?: unknown } => (ending.failed ? { error: ending.error } : {});

/** HTTP status that errors of Nest, Fastify and http-errors carry. */
function errorStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { getStatus, status, statusCode } = error as { getStatus?: unknown; status?: unknown; statusCode?: unknown };
  const found: unknown = typeof getStatus === 'function' ? getStatus.call(error) : (status ?? statusCode);
  return typeof found === 'number' ? found : undefined;
}

/** What tells its content bit by bit, and only once. */
function isStream(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { subscribe, pipe, next } = value as Record<string, unknown>;
  return [subscribe, pipe, next].some((member) => typeof member === 'function');
}
