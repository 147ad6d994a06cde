import { hashOfSession } from './sessions';
import { mayBeForged, presentedSession, sessionCookie } from './session-cookie';

const id = 'a'.repeat(43);

describe('the cookie of a session', () => {
  it('is read among other cookies, and nothing else is taken for it', () => {
    expect(presentedSession({ cookie: `theme=dark; mcp_audit_session=${id}; x=1` })).toBe(hashOfSession(id));
    expect(presentedSession({ cookie: `other_mcp_audit_session=${id}` })).toBeUndefined();
    expect(presentedSession({ cookie: `mcp_audit_session=${id}a` })).toBeUndefined();
    expect(presentedSession({})).toBeUndefined();
  });

  it('is kept from scripts and other sites, and from plain HTTP where there is TLS', () => {
    expect(sessionCookie(id, { maxAgeMs: 5000, secure: true })).toBe(
      `mcp_audit_session=${id}; Path=/; HttpOnly; SameSite=Strict; Max-Age=5; Secure`,
    );
    expect(sessionCookie('', { maxAgeMs: 0, secure: false })).not.toContain('Secure');
  });
});

describe('a request with the cookie', () => {
  const headers = { 'x-audit-console': '1' };

  it('may be forged if it writes without the header of the console or comes from another site', () => {
    expect(mayBeForged({ method: 'POST', headers: {} })).toBe(true);
    expect(mayBeForged({ method: 'DELETE', headers: { 'sec-fetch-site': 'same-origin' } })).toBe(true);
    expect(mayBeForged({ method: 'POST', headers: { ...headers, 'sec-fetch-site': 'same-site' } })).toBe(true);
  });

  it('is taken if it reads, or writes from the console', () => {
    expect(mayBeForged({ method: 'GET', headers: {} })).toBe(false);
    expect(mayBeForged({ method: 'POST', headers })).toBe(false);
    expect(mayBeForged({ method: 'POST', headers: { ...headers, 'sec-fetch-site': 'same-origin' } })).toBe(false);
  });
});
