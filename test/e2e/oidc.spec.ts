import { generateKeyPairSync } from 'node:crypto';
import type { Browser } from 'puppeteer-core';
import { ConsoleTab, startBrowser } from '../support/browser';
import { IdentityProvider } from '../support/identity-provider';
import { startSystem, System, waitFor } from '../support/system';

describe('signing in with an identity provider', () => {
  let provider: IdentityProvider;
  let system: System;
  let browser: Browser;
  beforeAll(async () => {
    provider = await IdentityProvider.start();
    browser = await startBrowser();
    system = await startSystem({
      AUDIT_OIDC_ISSUER: provider.issuer,
      AUDIT_OIDC_CLIENT_ID: provider.client.id,
      AUDIT_OIDC_CLIENT_SECRET: provider.client.secret,
      AUDIT_OIDC_NAME: 'Freight SSO',
      AUDIT_OIDC_ROLES: 'auditors=viewer, dpo=officer',
    });
  });
  afterAll(async () => {
    await browser.close();
    await system.stop();
    await provider.stop();
  });
  beforeEach(() => {
    provider.claims = { name: 'Dora', groups: ['dpo', 'staff'] };
    provider.forger = undefined;
  });

  const get = (path: string, cookie = '') =>
    fetch(new URL(path, system.url), { redirect: 'manual', headers: { cookie } });
  const cookieOf = (answer: Response) => (answer.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';

  /** Where the browser ends up that begins a sign-in, goes to the provider and comes back with `cookie`, by default its own. */
  async function comeBack(cookie?: string): Promise<Response> {
    const begun = await get('/audit/api/session/oidc');
    expect(begun.status).toBe(302);
    const confirmed = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' });
    const { pathname, search } = new URL(confirmed.headers.get('location') ?? '');
    return get(pathname + search, cookie ?? cookieOf(begun));
  }

  it('opens a session with the roles that the groups of the person give, in the browser', async () => {
    const tab = await ConsoleTab.open(browser, system.url);
    await tab.goto('/console');
    await tab.click('Sign in with Freight SSO');
    await tab.waitForText('Overview', 'Dora', 'default');
    const session = await tab.page.evaluate(async () => (await fetch('/audit/api/session')).json());
    expect(session).toMatchObject({
      name: 'Dora',
      roles: ['officer'],
      system: false,
      signIn: 'oidc',
      tenant: 'default',
    });
    await tab.goto('/console/administration/holds');
    await tab.waitForText('No hold');
  });

  it('records who signed in by an id that names nobody', async () => {
    const answer = await comeBack();
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/console']);
    const session = await get('/audit/api/session', cookieOf(answer));
    expect(await session.json()).toMatchObject({ name: 'Dora', roles: ['officer'], signIn: 'oidc' });
    const events = await waitFor(async () => {
      const answer = await fetch(`${system.url}/audit/api/events?eventType=LOGIN_SUCCESS`, {
        headers: { authorization: `Bearer ${system.adminKey}` },
      });
      const text = await answer.text();
      return text.includes('apikey:oidc-') ? text : undefined;
    });
    expect(events).not.toContain('Dora');
  });

  it.each([
    ['has no role here', { groups: ['staff'] }, 'OIDC_NO_ROLE'],
    ['has no groups at all', { groups: undefined }, 'OIDC_NO_ROLE'],
    ['comes with another nonce', { nonce: 'another' }, 'OIDC_FAILED'],
    ['comes with a token that has expired', { exp: 1 }, 'OIDC_FAILED'],
    ['comes with a token for somebody else', { aud: 'another-client' }, 'OIDC_FAILED'],
  ])('lets nobody in who %s', async (_, claims, code) => {
    provider.claims = { ...provider.claims, ...claims };
    const answer = await comeBack();
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/console/sign-in?error=${code}`]);
    expect(answer.headers.get('set-cookie')).not.toContain('mcp_audit_session');
  });

  it('takes no token that another key has signed', async () => {
    provider.forger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    expect((await comeBack()).headers.get('location')).toBe('/console/sign-in?error=OIDC_FAILED');
  });

  it('takes no answer that this browser did not ask for, and none twice', async () => {
    expect((await comeBack('')).headers.get('location')).toBe('/console/sign-in?error=OIDC_STATE');
    const begun = await get('/audit/api/session/oidc');
    const confirmed = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' });
    const { pathname, search } = new URL(confirmed.headers.get('location') ?? '');
    expect((await get(pathname + search, cookieOf(begun))).headers.get('location')).toBe('/console');
    expect((await get(pathname + search, cookieOf(begun))).headers.get('location')).toContain('OIDC_STATE');
  });
});
