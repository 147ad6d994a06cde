import { Inject, Injectable } from '@nestjs/common';
import { Browser, launch } from 'puppeteer-core';
import { AppError } from '../common/app-error';
import { processEnvironment } from '../config/cli-environment';
import { Config, CONFIG } from '../config/config';
import { findChromium } from './chromium';
import { PdfFile } from './pdf-file';

/** Anchor (id of an element that something links to) → number of its page. Empty while pages are not known yet. */
export type PageNumbers = ReadonlyMap<string, number>;

/** A whole document takes about a second; one that takes so long hangs, ms. */
const PATIENCE_MS = 60_000;

const ARGUMENTS = [
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-extensions',
  '--disable-background-networking',
  // Nothing is ever fetched: names do not resolve, and requests that need none go nowhere.
  '--host-resolver-rules=MAP * ~NOTFOUND',
  '--proxy-server=http://127.0.0.1:9',
  '--font-render-hinting=none',
];

/**
 * Makes PDF documents of HTML: A4 or what `@page` says, tagged, with an outline. Each is made in a browser of its own, which
 * ends with it; scripts do not run and nothing is loaded but `data:` URLs.
 */
@Injectable()
export class PdfRenderer {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /**
   * @param write gives the document; it is asked again with the page numbers of its anchors, and has to keep its layout then.
   * One that ignores them is rendered once.
   * @throws AppError `CHROMIUM_MISSING` (503), or `PDF_FAILED` (503) if the browser died or hung, which is worth another try
   */
  async render(write: (pages: PageNumbers) => string): Promise<Buffer> {
    const executablePath = findChromium(this.config.chromium);
    const first = write(new Map());
    let browser: Browser | undefined;
    let timer: NodeJS.Timeout | undefined;
    const hangs = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`it took more than ${PATIENCE_MS} ms`)), PATIENCE_MS);
    });
    const work = async (): Promise<Buffer> => {
      browser = await launch({
        executablePath,
        env: environmentOf(processEnvironment()),
        args: argumentsOf(process.getuid?.()),
        pipe: true,
        timeout: PATIENCE_MS,
      });
      const pdf = await print(browser, first);
      const second = write(new PdfFile(pdf).anchors());
      return second === first ? pdf : print(browser, second);
    };
    try {
      return await Promise.race([work(), hangs]);
    } catch (error) {
      if (error instanceof AppError) throw error;
      const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
      throw new AppError('PDF_FAILED', 503, `Chromium did not make the PDF: ${reason}; it is worth another try`, {
        cause: error,
      });
    } finally {
      clearTimeout(timer);
      // Nothing of it is kept, so there is nothing to end in order; `close` waits for one that hangs.
      browser?.process()?.kill('SIGKILL');
      await browser?.close().catch(() => undefined);
    }
  }
}

/** Chromium refuses to run as root inside its sandbox. What it renders is our own, without scripts and network. */
const argumentsOf = (uid: number | undefined): string[] => (uid === 0 ? [...ARGUMENTS, '--no-sandbox'] : ARGUMENTS);

/** A browser has no business with our keys and passwords. */
const environmentOf = (env: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('AUDIT_') && name !== 'NODE_OPTIONS'));

async function print(browser: Browser, html: string): Promise<Buffer> {
  const page = await browser.newPage();
  try {
    await page.setJavaScriptEnabled(false);
    await page.setRequestInterception(true);
    page.on('request', (request) => {
      const settled = request.url().startsWith('data:') ? request.continue() : request.abort('blockedbyclient');
      // A browser that is gone is told of where its document is awaited.
      settled.catch(() => undefined);
    });
    await page.setContent(html, { waitUntil: 'load', timeout: PATIENCE_MS });
    const bytes = await page.pdf({
      format: 'a4',
      preferCSSPageSize: true,
      printBackground: true,
      tagged: true,
      outline: true,
      timeout: PATIENCE_MS,
    });
    return Buffer.from(bytes);
  } finally {
    await page.close().catch(() => undefined);
  }
}
