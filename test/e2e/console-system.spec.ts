import type { Browser } from 'puppeteer-core';
import { ConsoleTab, startBrowser } from '../support/browser';
import { TestTenant } from '../support/system';

describe('the system in the console', () => {
  let browser: Browser;
  let tenant: TestTenant;
  beforeAll(async () => {
    browser = await startBrowser();
    tenant = await TestTenant.create();
    await tenant.post('events', {
      eventType: 'DATA_CREATED',
      description: 'one',
      context: { service: 'shop', userId: 'eve' },
    });
    await tenant.waitForCount(1, 'service=shop');
  });
  afterAll(() => browser.close());

  it('verifies the ledger, and the browser itself that it only grew', async () => {
    const tab = await ConsoleTab.signedIn(browser, tenant, 'viewer');
    await tab.goto('/console/integrity');
    await tab.waitForText('Sealed events', 'Public keys', 'Never verified yet');
    await tab.click('Verify the whole ledger');
    await tab.waitForText('Sound: nothing was changed, left out or added.');
    await tab.goto('/console/integrity');
    await tab.waitForText('Did the ledger only grow?', 'Last verification');
    await tab.click('Check');
    await tab.waitForText('Proven: the newer ledger holds all of the older one, unchanged.');
    expect(await tab.accessibilityFaults()).toEqual([]);
    expect(tab.faults).toEqual([]);
  });

  it('sends dead letters again or gives them up', async () => {
    const id = '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12';
    for (const description of ['first', 'another under the same id']) {
      await tenant.post('events', { id, eventType: 'DATA_READ', description, context: { service: 'twins' } });
      await tenant.waitForCount(1, 'service=twins');
    }
    const tab = await ConsoleTab.signedIn(browser, tenant, 'admin', 'dark');
    await tab.goto('/console/health');
    await tab.waitForText('Unaccounted for', 'ID_CONFLICT', 'undecided');
    expect(await tab.accessibilityFaults()).toEqual([]);
    await tab.page.locator('tbody tr.leads').click();
    await tab.waitForText('another under the same id');
    await tab.fill('Reason', 'sent twice by mistake');
    await tab.click('Give up');
    await tab.waitForText('given up');
    expect(tab.faults).toEqual([]);
  });

  it('makes an API key that is shown once, and revokes it', async () => {
    const tab = await ConsoleTab.signedIn(browser, tenant, 'admin');
    await tab.goto('/console/administration/api-keys');
    await tab.click('New API key');
    await tab.fill('Name', 'portal');
    await tab.press('dialog', 'New API key');
    await tab.waitForText('It is shown this once.', 'mak_');
    await tab.click('Close');
    await tab.waitForText('portal', 'in force');
    expect(await tab.accessibilityFaults()).toEqual([]);
    const row = '::-p-xpath(//tr[td[contains(., "portal")]]//button)';
    await tab.page.locator(row).click();
    await tab.waitForText('Whoever uses it is refused');
    await tab.press('dialog', 'Revoke');
    await tab.waitForText('revoked');
    expect(tab.faults).toEqual([]);
  });

  it('places a hold, which forbids an erasure until it is released', async () => {
    const tab = await ConsoleTab.signedIn(browser, tenant, 'officer');
    await tab.goto('/console/administration/holds');
    await tab.waitForText('No hold');
    await tab.click('New hold');
    await tab.fill('Name', 'Case 7');
    await tab.fill('Reason', 'A court asks');
    await tab.fill('Only events of this person', 'eve');
    await tab.press('dialog', 'Save');
    await tab.waitForText('Case 7');
    await tab.goto('/console/administration/erasures');
    await tab.click('Erase a person');
    await tab.fill('Person', 'eve');
    await tab.click('See what would become unreadable');
    await tab.waitForText('It is forbidden for now');
    await tab.goto('/console/administration/holds');
    await tab.click('Release');
    await tab.fill('Reason', 'The case is closed');
    await tab.press('dialog', 'Release');
    await tab.waitForText('Recorded');
    expect(await tab.accessibilityFaults()).toEqual([]);
    expect(tab.faults).toEqual([]);
  });

  it('shows each role the tabs that it may use', async () => {
    const officer = await ConsoleTab.signedIn(browser, tenant, 'officer');
    await officer.goto('/console/administration');
    await officer.waitForText('Retention', 'Legal holds', 'Erasures');
    expect(await officer.text()).not.toContain('API keys');
    const admin = await ConsoleTab.signedIn(browser, tenant, 'admin', 'dark');
    for (const tabName of ['retention', 'recipients', 'messages', 'keys']) {
      await admin.goto(`/console/administration/${tabName}`);
      await admin.waitForText('API keys');
      await admin.settled();
      expect(await admin.accessibilityFaults()).toEqual([]);
    }
    expect([...officer.faults, ...admin.faults]).toEqual([]);
  });
});
