import { AsyncLocalStorage } from 'node:async_hooks';
import type { AuditContext } from './types';

/** What is known of the HTTP request that is being served; filled by the middleware of this SDK. */
export interface RequestFacts {
  method: string;
  /** Without the query, which may hold secrets. */
  path: string;
  /** Reads the body when it is asked for, since it is parsed later than the scope begins. */
  body?: () => unknown;
  /** The answer, once known. */
  response?: ResponseLike;
}

/** As much of an answer as is needed: what Node, Express and Fastify have below. */
export interface ResponseLike {
  readonly statusCode: number;
  readonly writableEnded: boolean;
  once(event: 'finish' | 'close', listener: () => void): unknown;
}

/** One scope: all that runs inside sees the same, also what is added later with `extendAuditContext`. */
export interface Scope {
  context: AuditContext;
  request?: RequestFacts;
  /** What may become known while the scope runs, such as the user; asked for every event, and hidden by `context`. */
  late?: () => AuditContext;
}

const scopes = new AsyncLocalStorage<Scope>();
const EMPTY: AuditContext = Object.freeze({});

/**
 * Runs `work` so that every event recorded in it, also after any `await`, carries `context`. Inner contexts add to outer ones
 * and win over them. Returns what `work` returns, as it is.
 */
export function auditContext<T>(context: AuditContext, work: () => T): T {
  const outer = scopes.getStore();
  return scopes.run({ ...outer, context: mergeContexts(outer?.context ?? EMPTY, context) }, work);
}

/** Runs `work` in a scope that the caller keeps, to enter it again or to extend it later. */
export function runInScope<T>(scope: Scope, work: () => T): T {
  return scopes.run(scope, work);
}

/**
 * Adds to the context of the scope that runs, for all that comes after in it: say, the user, once known.
 * Returns false outside of any scope, where it does nothing.
 */
export function extendAuditContext(context: AuditContext): boolean {
  const scope = scopes.getStore();
  if (!scope) return false;
  scope.context = mergeContexts(scope.context, context);
  return true;
}

/** The context in force here. Not to be changed. */
export function currentAuditContext(): Readonly<AuditContext> {
  const scope = scopes.getStore();
  if (!scope) return EMPTY;
  return scope.late ? mergeContexts(scope.late(), scope.context) : scope.context;
}

export function currentScope(): Scope | undefined {
  return scopes.getStore();
}

/** Members of `inner` that are undefined do not hide those of `outer`. */
export function mergeContexts(outer: AuditContext, inner: AuditContext): AuditContext {
  const merged: AuditContext = { ...outer };
  for (const name of Object.keys(inner) as (keyof AuditContext)[]) {
    const value = inner[name];
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}
