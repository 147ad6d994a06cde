import type { Browser } from 'puppeteer-core';
import { ConsoleTab, startBrowser } from '../support/browser';
import { runningSystem, TestTenant } from '../support/system';

describe('the console', () => {
  let browser: Browser;
  let tenant: TestTenant;
  let url: string;
  beforeAll(async () => {
    browser = await startBrowser();
    ({ url } = await runningSystem());
    tenant = await TestTenant.create();
  });
  afterAll(() => browser.close());

  it('lets nobody in with a wrong key, and somebody with a right one, in either language', async () => {
    const tab = await ConsoleTab.open(browser, url);
    await tab.goto('/');
    await tab.fill('API key', 'mak_nonsense');
    await tab.click('Sign in');
    await tab.waitForText('the API key is unknown, expired or revoked');
    expect(await tab.accessibilityFaults()).toEqual([]);
    await tab.fill('API key', await tenant.key('viewer'));
    await tab.click('Sign in');
    await tab.waitForText('Overview', 'Health', tenant.name);
    await tab.click(`test viewer ${tenant.name}`);
    await tab.choose('Language', 'pt');
    await tab.waitForText('Visão geral', 'Configurações');
    expect(await tab.accessibilityFaults()).toEqual([]);
    await tab.click('Sair');
    await tab.waitForText('O registro de auditoria que qualquer um pode verificar.');
    expect(tab.faults).toEqual([]);
  });

  it('comes in less than 150 kB, with fonts and everything', async () => {
    const tab = await ConsoleTab.open(browser, url);
    const session = await tab.page.createCDPSession();
    await session.send('Network.enable');
    let bytes = 0;
    session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    await tab.goto('/console');
    await tab.fill('API key', await tenant.key('viewer'));
    await tab.click('Sign in');
    await tab.waitForText('Overview');
    await tab.settled();
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThan(150_000);
  });

  it('says why a view is not shown to a role, and has no view where there is none', async () => {
    const { key } = (await (await tenant.post('api-keys', { name: 'sends', roles: ['ingest'] })).json()) as {
      key: string;
    };
    const tab = await ConsoleTab.open(browser, url);
    await tab.goto('/console');
    await tab.fill('API key', key);
    await tab.click('Sign in');
    await tab.waitForText('this key may only send events');
    await tab.fill('API key', await tenant.key('viewer'));
    await tab.click('Sign in');
    await tab.waitForText('Overview');
    await tab.goto('/console/nowhere');
    await tab.waitForText('There is no such page');
    expect(tab.faults).toEqual([]);
  });

  it('serves its files with a strict policy, for ever where their names tell their content', async () => {
    const index = await fetch(`${url}/console/alerts/some-id`);
    expect(index.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    expect(index.headers.get('cache-control')).toBe('no-cache');
    const script = /src="(\/console\/assets\/[^"]+\.js)"/.exec(await index.text())?.[1] ?? '';
    const asset = await fetch(url + script);
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect(asset.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect((await fetch(`${url}/console/assets/../../../package.json`)).status).toBe(404);
    expect((await fetch(`${url}/console/assets/missing.js`)).status).toBe(404);
    expect((await fetch(`${url}/`, { method: 'HEAD' })).status).toBe(200);
  });
});
