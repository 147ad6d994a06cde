const FIRST_MS = 1000;
const LONGEST_MS = 30 * 60_000;
/** A receiver that asks for more patience than this is asked again by then all the same. */
const MOST_PATIENCE_MS = 3_600_000;

/** A message was not taken. The text is for people and holds nothing secret. */
export class DeliveryError extends Error {
  /** Whether it is no use to try again. */
  readonly permanent: boolean;
  /** What the receiver asked for, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { permanent?: boolean; retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.permanent = options.permanent ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * ms until the next attempt, after `attempts` of them; undefined to give up. Doubles from 1 s to 30 min, ± 20 % so that many
 * do not knock together; never earlier than the receiver asked for.
 * @param random 0..1
 */
export function nextAttempt(error: unknown, attempts: number, most: number, random: number): number | undefined {
  if (attempts >= most) return undefined;
  if (error instanceof DeliveryError && error.permanent) return undefined;
  const backoff = Math.min(FIRST_MS * 2 ** (attempts - 1), LONGEST_MS) * (0.8 + 0.4 * random);
  const asked = error instanceof DeliveryError ? (error.retryAfterMs ?? 0) : 0;
  return Math.round(Math.max(backoff, Math.min(asked, MOST_PATIENCE_MS)));
}

/** Retry-After as ms from now: seconds or a date. Undefined if it is neither. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
