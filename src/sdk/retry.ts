/** A server may ask for a longer pause than ours, but not for ever, ms. */
const LONGEST_RETRY_AFTER = 600_000;
const FIRST = 250;

/**
 * ms before the next attempt: at least what the server asked for; else doubling from 250 ms up to `longest`, of which a
 * random part between a half and all is taken, so that many senders do not come back at once.
 * @param attempt failed attempts so far, from 1
 * @param random 0..1
 */
export function retryDelay(attempt: number, retryAfterMs: number | undefined, longest: number, random: number): number {
  if (retryAfterMs !== undefined) return Math.round(Math.min(retryAfterMs, LONGEST_RETRY_AFTER) * (1 + random / 4));
  const whole = Math.min(longest, FIRST * 2 ** Math.min(attempt - 1, 30));
  return Math.round(whole * (0.5 + random / 2));
}

/** The header Retry-After in ms: seconds, or a date. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
