import type { FastifyRequest } from 'fastify';
import { hashOfSession } from './sessions';

const NAME = 'mcp_audit_session';
const PRESENTED = new RegExp(`(?:^|;\\s*)${NAME}=([A-Za-z0-9_-]{43})(?:;|$)`);

const OIDC_NAME = 'mcp_audit_oidc';

/** Writes with the cookie need this header: a page of another origin cannot send it without being allowed to. */
export const CONSOLE_HEADER = 'x-audit-console';

/** The hash of the id of the session that the browser presents, if it presents something of the form of one. */
export function presentedSession(headers: FastifyRequest['headers']): string | undefined {
  const id = PRESENTED.exec(headers.cookie ?? '')?.[1];
  return id === undefined ? undefined : hashOfSession(id);
}

/** The Set-Cookie that gives a session to the browser, or takes it away for an empty `id`. */
export function sessionCookie(id: string, options: { maxAgeMs: number; secure: boolean }): string {
  const maxAge = Math.floor(options.maxAgeMs / 1000);
  return `${NAME}=${id}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${options.secure ? '; Secure' : ''}`;
}

/** Whether a page of another origin may have caused this request. Reads are left to SameSite. */
export function mayBeForged(request: Pick<FastifyRequest, 'method' | 'headers'>): boolean {
  if (request.method === 'GET' || request.method === 'HEAD') return false;
  const site = request.headers['sec-fetch-site'];
  return request.headers[CONSOLE_HEADER] === undefined || (site !== undefined && site !== 'same-origin');
}

/**
 * The Set-Cookie that binds a sign-in at the identity provider to this browser, or ends that for an empty `state`. It has to come back
 * with the redirect from the provider's site, which SameSite=Strict would forbid.
 */
export function oidcCookie(state: string, options: { maxAgeMs: number; secure: boolean }): string {
  const maxAge = Math.floor(options.maxAgeMs / 1000);
  const path = '/audit/api/session/oidc';
  return `${OIDC_NAME}=${state}; Path=${path}; HttpOnly; SameSite=Lax; Max-Age=${maxAge}${options.secure ? '; Secure' : ''}`;
}

/** The state of the sign-in that this browser began. */
export const presentedOidcState = (headers: FastifyRequest['headers']): string | undefined =>
  new RegExp(`(?:^|;\\s*)${OIDC_NAME}=([A-Za-z0-9_-]{20,128})(?:;|$)`).exec(headers.cookie ?? '')?.[1];
