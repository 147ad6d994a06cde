import type { Browser } from 'puppeteer-core';
import { ConsoleTab, startBrowser } from '../support/browser';
import { TestTenant } from '../support/system';

const THEMES = ['light', 'dark'] as const;

describe('events in the console', () => {
  let browser: Browser;
  let tenant: TestTenant;
  beforeAll(async () => {
    browser = await startBrowser();
    tenant = await TestTenant.create();
    const now = Date.now();
    const event = (at: number) => ({
      occurredAt: new Date(now - at * 1000).toISOString(),
      eventType: at % 100 === 0 ? 'LOGIN_FAILED' : 'DATA_UPDATED',
      description: `Change number ${at}`,
      context: { userId: `user-${at % 5}`, ipAddress: '203.0.113.9', userAgent: 'Secret Agent 7', service: 'portal' },
      changes: { before: { status: 'open' }, after: { status: 'closed' } },
    });
    await tenant.post(
      'events',
      Array.from({ length: 600 }, (_, at) => event(at)),
    );
    await tenant.waitForCount(600, 'service=portal');
  });
  afterAll(() => browser.close());

  it('are found by text, facet and period, and every state has a link', async () => {
    const tab = await ConsoleTab.signedIn(browser, tenant, 'viewer');
    await tab.goto('/console/search?service=portal');
    await tab.waitForText('600 events', 'LOGIN_FAILED', 'Change number 0');
    await tab.fill('Text in the description', 'number 300');
    await tab.click('Find');
    await tab.waitForText('1 event', 'Change number 300');
    expect(tab.page.url()).toContain('text=number+300');
    await tab.goto('/console/search?service=portal&eventType=LOGIN_FAILED');
    await tab.waitForText('6 events');
    await tab.click('Remove Type LOGIN_FAILED');
    await tab.waitForText('600 events');
    await tab.goto('/console/search?text=nothing+is+like+this');
    await tab.waitForText('No event matches', 'Widen the period');
    expect(tab.faults).toEqual([]);
  });

  it('are drawn only as far as they are in sight', async () => {
    const tab = await ConsoleTab.signedIn(browser, tenant, 'viewer');
    await tab.goto('/console/search?service=portal');
    await tab.click('Show more');
    await tab.waitForText('That is all');
    const rows = () => tab.page.$$eval('tbody tr.leads', (all) => all.length);
    expect(await rows()).toBeLessThan(100);
    await tab.page.$eval('.table.long', (box) =>
      (box as unknown as { scrollTo(x: number, y: number): void }).scrollTo(0, 1e6),
    );
    await tab.waitForText('Change number 599');
    expect(await rows()).toBeLessThan(100);
  });

  it.each(THEMES)('are verified by the browser itself, and can be read by everybody (%s)', async (theme) => {
    const tab = await ConsoleTab.signedIn(browser, tenant, 'viewer', theme);
    const { items } = await tenant.get<{ items: { id: string }[] }>('events?service=portal&limit=1');
    await tab.goto(`/console/events/${items[0]?.id}`);
    await tab.waitForText('Change number', 'status', 'closed', 'Your key may not show personal data');
    await tab.click('Verify now');
    await tab.waitForText('Proven: this event is in the log, unaltered.');
    expect(await tab.accessibilityFaults()).toEqual([]);
    await tab.goto('/console/search?service=portal');
    await tab.waitForText('600 events', 'Narrow down');
    expect(await tab.accessibilityFaults()).toEqual([]);
    await tab.goto('/console');
    await tab.waitForText('Events over time', 'When it happens', 'Unaccounted for');
    expect(await tab.accessibilityFaults()).toEqual([]);
    expect(tab.faults).toEqual([]);
  });

  it('show that they were altered, if what the server tells does not fit', async () => {
    const tab = await ConsoleTab.signedIn(browser, tenant, 'viewer');
    const { items } = await tenant.get<{ items: { id: string }[] }>('events?service=portal&limit=1');
    await tab.page.setRequestInterception(true);
    tab.page.on('request', (request) => {
      if (!request.url().endsWith('/proof')) return void request.continue();
      void tenant.get<{ envelope: string }>(`events/${items[0]?.id}/proof`).then((proof) =>
        request.respond({
          contentType: 'application/json',
          body: JSON.stringify({ ...proof, envelope: proof.envelope.replace('Change', 'Charge') }),
        }),
      );
    });
    await tab.goto(`/console/events/${items[0]?.id}`);
    await tab.click('Verify now');
    await tab.waitForText('This event is not what was sealed into the log.', 'does not hold');
  });

  it('show personal data to an officer who says why, and the log has it', async () => {
    const tab = await ConsoleTab.signedIn(browser, tenant, 'officer');
    await tab.goto('/console/search?service=portal&text=number+300');
    await tab.waitForText('1 event');
    await tab.page.locator('tbody tr.leads').click();
    await tab.waitForText('Sealed in this event: context.userAgent');
    await tab.fill('Why do you need to see it?', 'TICKET-1');
    await tab.click('Show');
    await tab.waitForText('Secret Agent 7', 'this has been recorded');
    await tenant.waitForCount(1, 'eventType=AUDIT_REVEAL');
  });

  it('arrive live, and are held back and caught up around a pause', async () => {
    const tab = await ConsoleTab.signedIn(browser, tenant, 'viewer');
    await tab.goto('/console/live?minSeverity=medium');
    await tab.waitForText('live', 'LOGIN_FAILED');
    const send = (description: string) => tenant.post('events', { eventType: 'LOGIN_FAILED', description });
    await send('the first while watching');
    await tab.waitForText('the first while watching');
    await tab.click('Pause');
    await send('one during the pause');
    await tab.waitForText('1 more since the pause');
    expect(await tab.text()).not.toContain('one during the pause');
    await tab.click('Go on');
    await tab.waitForText('one during the pause');
    expect(await tab.accessibilityFaults()).toEqual([]);
    expect(tab.faults).toEqual([]);
  });
});
