import type { ServerResponse } from 'node:http';
import { runInScope } from './context';
import { HttpContextOptions, HttpRequest, HttpScopes } from './http-scope';

export type { HttpContextOptions } from './http-scope';

type Middleware = (request: HttpRequest, response: ServerResponse, next: (error?: unknown) => void) => void;

/**
 * Middleware for Express, and for whatever else takes middleware of this form: all that a request leads to is recorded with its
 * address, user agent, correlation id and user. Use it before the routes, and behind parsers of bodies that lose the context.
 */
export const auditMiddleware = (options: HttpContextOptions = {}): Middleware =>
  auditMiddlewareOf(new HttpScopes(options));

export function auditMiddlewareOf(scopes: HttpScopes): Middleware {
  return (request, response, next) => runInScope(scopes.of(request, response), () => next());
}
