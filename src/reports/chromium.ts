import { existsSync } from 'node:fs';
import { AppError } from '../common/app-error';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/local/bin/chromium',
  '/snap/bin/chromium',
  '/opt/google/chrome/chrome',
  '/opt/homebrew/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The browser to use: the one configured, else the first of the usual places. @throws AppError `CHROMIUM_MISSING` */
export function findChromium(configured: string | undefined, exists: (path: string) => boolean = existsSync): string {
  const places = configured === undefined ? PLACES : [configured];
  const found = places.find(exists);
  if (found !== undefined) return found;
  const where =
    configured === undefined ? 'in none of the usual places' : `at PUPPETEER_EXECUTABLE_PATH, ${configured}`;
  throw new AppError(
    'CHROMIUM_MISSING',
    503,
    `PDF needs Chromium, which is ${where}: install it (Debian: apt-get install chromium) or name it by PUPPETEER_EXECUTABLE_PATH`,
  );
}
