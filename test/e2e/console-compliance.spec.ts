import type { Browser } from 'puppeteer-core';
import { ConsoleTab, startBrowser } from '../support/browser';
import { TestTenant } from '../support/system';

describe('compliance in the console', () => {
  let browser: Browser;
  let tenant: TestTenant;
  beforeAll(async () => {
    browser = await startBrowser();
    tenant = await TestTenant.create();
    const context = { userId: 'dora', resourceType: 'customer', resourceId: 'C-1', service: 'shop' };
    const compliance = { purpose: 'newsletter', consentId: 'c-1' };
    await tenant.post('events', [
      { eventType: 'CONSENT_GRANTED', description: 'Newsletter wanted', context, compliance },
      { eventType: 'CONSENT_REVOKED', description: 'Newsletter no more', context, compliance },
      { eventType: 'DATA_CREATED', description: 'Customer C-1 made', context },
    ]);
    await tenant.waitForCount(3, 'service=shop');
  });
  afterAll(() => browser.close());

  it('shows the controls of each regulation, what they demand and what speaks for them', async () => {
    const tab = await ConsoleTab.signedIn(browser, tenant, 'viewer', 'dark');
    await tab.goto('/console/compliance?regulation=gdpr');
    await tab.waitForText('Withdrawal of consent', 'Attestation needed', 'No events');
    expect(await tab.accessibilityFaults()).toEqual([]);
    await tab.page.locator('tbody tr.leads').click();
    await tab.waitForText('What the law demands', 'Why this status', 'Evidence');
    await tab.goto('/console/compliance?regulation=sox');
    await tab.waitForText('Duties that must be apart', 'Nobody exercised conflicting duties');
    expect(await tab.text()).not.toContain('That did not work');
    expect(tab.faults).toEqual([]);
  });

  it('makes a report that an officer orders, and hands it out', async () => {
    const tab = await ConsoleTab.signedIn(browser, tenant, 'officer');
    await tab.goto('/console/reports');
    await tab.waitForText('No report yet');
    await tab.click('Order a report');
    expect(await tab.accessibilityFaults()).toEqual([]);
    await tab.press('dialog', 'Order a report');
    await tab.waitForText('Content hash', 'finished', 'Controls');
    expect(await tab.accessibilityFaults()).toEqual([]);
    const answer = tab.page.waitForResponse((response) => response.url().includes('/download'));
    await tab.click('pdf');
    const file = await answer;
    expect(file.status()).toBe(200);
    expect(file.headers()['content-type']).toBe('application/pdf');
    await tab.goto('/console/reports/schedules');
    await tab.click('New schedule');
    await tab.fill('Name', 'monthly-gdpr');
    await tab.fill('When', 'whenever');
    await tab.click('Save');
    await tab.waitForText('cron');
    await tab.fill('When', '0 6 1 * *');
    await tab.click('Save');
    await tab.waitForText('The schedule is saved', 'Next run');
    expect(tab.faults).toEqual([]);
  });

  it('opens a request, shows its deadline and notes the answer', async () => {
    const tab = await ConsoleTab.signedIn(browser, tenant, 'officer');
    await tab.goto('/console/requests');
    await tab.waitForText('No request');
    await tab.click('New request');
    await tab.fill('Person', 'dora');
    await tab.press('dialog', 'Save');
    await tab.waitForText('access, GDPR', 'due in', 'opened');
    await tab.click('Extend');
    await tab.fill('Note, naming no person', 'Many systems are concerned');
    await tab.press('dialog', 'Extend');
    await tab.waitForText('deadline extended', 'Many systems are concerned');
    await tab.click('Answered');
    await tab.press('dialog', 'Answered');
    await tab.waitForText('in time');
    expect(await tab.accessibilityFaults()).toEqual([]);
    expect(tab.faults).toEqual([]);
  });

  it('opens a breach, whose clocks run until somebody is told', async () => {
    const tab = await ConsoleTab.signedIn(browser, tenant, 'officer', 'dark');
    await tab.goto('/console/breaches');
    await tab.click('New breach');
    await tab.fill('What it is called, naming no person', 'A lost laptop');
    await tab.choose('Risk for the persons', 'high');
    await tab.press('dialog', 'Save');
    await tab.waitForText('A lost laptop', 'GDPR: the authority', '2 d 23 h left', 'without undue delay');
    expect(await tab.accessibilityFaults()).toEqual([]);
    await tab.click('Draft of the notification');
    await tab.waitForText('Who was told');
    await tab.click('Close');
    await tab.click('Note who was told');
    await tab.press('dialog', 'Note who was told');
    await tab.waitForText('told in time');
    await tab.goto('/console/breaches');
    await tab.waitForText('A lost laptop', 'a high risk');
    expect(await tab.accessibilityFaults()).toEqual([]);
    expect(tab.faults).toEqual([]);
  });

  it('shows consents with their history, and the way of a resource; a viewer acts on nothing', async () => {
    const tab = await ConsoleTab.signedIn(browser, tenant, 'viewer');
    await tab.goto('/console/consents');
    await tab.waitForText('newsletter', 'withdrawn');
    expect(await tab.accessibilityFaults()).toEqual([]);
    await tab.page.locator('tbody tr.leads').click();
    await tab.waitForText('What this person said', 'Newsletter wanted', 'Newsletter no more');
    await tab.goto('/console/consents/exceptions');
    await tab.waitForText('Period');
    await tab.goto('/console/lineage');
    await tab.waitForText('Name a resource or a person');
    await tab.fill('Kind of resource', 'customer');
    await tab.fill('Which one', 'C-1');
    await tab.click('Show');
    await tab.waitForText('Customer C-1 made');
    expect(await tab.accessibilityFaults()).toEqual([]);
    for (const [path, act] of [
      ['reports', 'Order a report'],
      ['requests', 'New request'],
      ['breaches', 'New breach'],
    ]) {
      await tab.goto(`/console/${path}`);
      await tab.settled();
      expect(await tab.text()).not.toContain(act);
    }
    expect(tab.faults).toEqual([]);
  });
});
