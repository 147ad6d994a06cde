import type { Browser } from 'puppeteer-core';
import { ConsoleTab, startBrowser } from '../support/browser';
import { TestTenant } from '../support/system';

describe('alerts in the console', () => {
  let browser: Browser;
  let tenant: TestTenant;
  beforeAll(async () => {
    browser = await startBrowser();
    tenant = await TestTenant.create();
  });
  afterAll(() => browser.close());

  const attack = (ipAddress: string) =>
    tenant.post(
      'events',
      Array.from({ length: 6 }, () => ({
        eventType: 'LOGIN_FAILED',
        description: 'Wrong password',
        context: { ipAddress },
      })),
    );

  it('appear while somebody watches, are taken on and resolved, and another watcher sees it', async () => {
    const analyst = await ConsoleTab.signedIn(browser, tenant, 'analyst');
    await analyst.goto('/console/alerts');
    await analyst.waitForText('live', 'No alert');
    const viewer = await ConsoleTab.signedIn(browser, tenant, 'viewer', 'dark');
    await viewer.goto('/console/alerts');
    await viewer.waitForText('live');
    await attack('203.0.113.77');
    await analyst.waitForText('Brute force', '203.0.113.77');
    await viewer.waitForText('203.0.113.77');
    expect(await viewer.accessibilityFaults()).toEqual([]);

    await analyst.page.locator('a.alert-card').click();
    await analyst.waitForText('Escalation', 'after 30 min', 'History', 'opened');
    expect(await analyst.accessibilityFaults()).toEqual([]);
    await analyst.click('Acknowledge');
    await analyst.waitForText('You take it on');
    await analyst.press('dialog', 'Acknowledge');
    await analyst.waitForText('Acknowledged', 'acknowledged');
    await viewer.waitForText('Acknowledged 1');

    await analyst.click('Resolve');
    await analyst.fill('Text', 'A probe of ours');
    await analyst.choose('What it was', 'false_positive');
    await analyst.press('dialog', 'Resolve');
    await analyst.waitForText('Resolved', 'A probe of ours', 'a false alarm');
    await viewer.waitForText('No alert');
    await viewer.goto('/console/alerts?list=resolved');
    await viewer.waitForText('A probe of ours');
    await viewer.page.locator('tbody tr.leads').click();
    await viewer.waitForText('History', 'resolved');
    expect(await viewer.text()).not.toContain('Reopen');
    expect([...analyst.faults, ...viewer.faults]).toEqual([]);
  });

  it('that somebody else has taken are told of', async () => {
    await attack('203.0.113.78');
    const tab = await ConsoleTab.signedIn(browser, tenant, 'analyst');
    await tab.goto('/console/alerts');
    await tab.waitForText('203.0.113.78');
    await tab.page.locator('a.alert-card').click();
    await tab.click('Acknowledge');
    const id = new URL(tab.page.url()).pathname.split('/').at(-1);
    expect((await tenant.post(`alerts/${id}/acknowledge`, {})).status).toBe(200);
    await tab.press('dialog', 'Acknowledge');
    await tab.waitForText('That did not work');
  });

  it('come of rules that are tried on past events before they are made', async () => {
    await attack('203.0.113.79');
    await tenant.waitForCount(6, 'ipAddress=203.0.113.79');
    const tab = await ConsoleTab.signedIn(browser, tenant, 'analyst');
    await tab.goto('/console/rules');
    await tab.waitForText('Brute force', 'comes with the system');
    await tab.click('New rule');
    await tab.click('Try');
    await tab.waitForText('events looked at', 'ipAddress 203.0.113.79');
    expect(await tab.accessibilityFaults()).toEqual([]);
    await tab.fill('Triggers, as JSON', '[{"match": {"eventTypes": ["LOGIN_FIALED"]}, "condition": {"kind": "any"}}]');
    await tab.fill('Id', 'by-hand');
    await tab.fill('Name', 'By hand');
    await tab.click('Save');
    await tab.waitForText('did you mean', 'LOGIN_FAILED');
    await tab.fill('Triggers, as JSON', '[{');
    await tab.click('Save');
    await tab.waitForText('is no JSON');
    await tab.choose('Start from', 'new_value');
    await tab.click('Save');
    await tab.waitForText('Versions', 'version 1');
    expect(tab.page.url()).toContain('/console/rules/by-hand');
    await tab.click('Put out of force');
    await tab.waitForText('version 2', 'out of force');
    expect(tab.faults).toEqual([]);
  });
});
