import { AppError } from '../common/app-error';

/** Pauses before the second and each further attempt, ms. */
const WAITS = [2000, 10_000, 30_000, 120_000];

/** How long to wait after the `attempts`-th attempt failed, ms; undefined if it was the last. */
export function waitBefore(attempts: number): number | undefined {
  return WAITS[attempts - 1];
}

/** Faults that come again however often a report is tried. */
const LASTING = new Set(['REPORT_TEMPLATE_FAULTY', 'PDF_UNREADABLE', 'REPORT_CERTIFICATE_INVALID']);

/** Whether another attempt may help. What is wrong with the request or with our own parts stays so. */
export function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return false;
  return !(error instanceof AppError) || (error.status >= 500 && !LASTING.has(error.code));
}
