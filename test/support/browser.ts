import { readFileSync } from 'node:fs';
import type { AxeResults } from 'axe-core';
import puppeteer, { Browser, Page } from 'puppeteer-core';
import { findChromium } from '../../src/reports/chromium';
import type { Role } from '../../src/access/permissions';
import { TestTenant, waitFor } from './system';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** A headless Chromium for one test file. Its pages block nothing and know no other origin. */
export const startBrowser = (): Promise<Browser> =>
  puppeteer.launch({
    executablePath: findChromium(process.env.PUPPETEER_EXECUTABLE_PATH),
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-prefers-reduced-motion'],
    defaultViewport: { width: 1280, height: 900 },
  });

/** The console in a browser session of its own. Whatever the page reports as an error, and every request elsewhere, is kept. */
export class ConsoleTab {
  private constructor(
    readonly page: Page,
    private readonly url: string,
    readonly faults: string[],
  ) {}

  static async open(browser: Browser, url: string, theme: 'light' | 'dark' = 'light'): Promise<ConsoleTab> {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(`error: ${error instanceof Error ? error.message : String(error)}`));
    page.on('console', (message) => {
      // The browser reports every answer of 400 or more here; views show those themselves.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        faults.push(message.text());
    });
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== new URL(url).origin) {
        faults.push(`request to ${request.url()}`);
      }
    });
    await page.evaluateOnNewDocument((theme) => {
      const { localStorage } = globalThis as unknown as {
        localStorage: { setItem(name: string, value: string): void };
      };
      localStorage.setItem('mcp-audit:preferences', JSON.stringify({ language: 'en', zone: 'UTC', theme }));
    }, theme);
    return new ConsoleTab(page, url, faults);
  }

  /** A tab where a key of `role` of the tenant has signed in through the form. */
  static async signedIn(
    browser: Browser,
    tenant: TestTenant,
    role: Role,
    theme: 'light' | 'dark' = 'light',
  ): Promise<ConsoleTab> {
    const tab = await ConsoleTab.open(browser, tenant.url, theme);
    await tab.goto('/console');
    await tab.fill('API key', await tenant.key(role));
    await tab.click('Sign in');
    await tab.waitForText('Overview');
    return tab;
  }

  async goto(path: string): Promise<void> {
    await this.page.goto(new URL(path, this.url).href);
  }

  /** Presses the button or follows the link with this accessible name. */
  async click(name: string): Promise<void> {
    await this.page.locator(`::-p-aria([name="${name}"]):is(button, a, summary)`).click();
  }

  /** Presses the button with this name inside the element that `within` selects. */
  async press(within: string, name: string): Promise<void> {
    await this.page.locator(`${within} ::-p-aria([name="${name}"][role="button"])`).click();
  }

  /** Waits until nothing on the page loads any more. */
  async settled(): Promise<void> {
    await waitFor(async () => ((await this.page.$('.loading, [aria-busy=true]')) === null ? true : undefined), {
      what: () => 'the page to load everything',
    });
  }

  /** Writes into the field with this label, in place of what is there. */
  async fill(label: string, text: string): Promise<void> {
    await this.page.locator(`::-p-aria([name="${label}"]):is(input, textarea, select)`).fill(text);
  }

  /** Chooses the option with this value in the select with this label. */
  async choose(label: string, value: string): Promise<void> {
    const field = await this.page.waitForSelector(`::-p-aria([name="${label}"]):is(select)`);
    await field?.select(value);
  }

  text(): Promise<string> {
    return this.page.$eval('body', (body) => (body as unknown as { innerText: string }).innerText);
  }

  async waitForText(...texts: string[]): Promise<void> {
    let seen = '';
    await waitFor(
      async () => {
        seen = await this.text();
        return texts.every((text) => seen.includes(text)) ? true : undefined;
      },
      { what: () => `the page to show "${texts.join('", "')}"; it shows:\n${seen.slice(0, 2000)}` },
    );
  }

  /** What axe finds against WCAG 2.2 A and AA on the page as it is, one line a fault. */
  async accessibilityFaults(): Promise<string[]> {
    // The policy of the page forbids scripts from elsewhere; the debugger may evaluate all the same.
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() =>
      (globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      }),
    );
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} (${failureSummary})`).join('; ')}`,
    );
  }
}
