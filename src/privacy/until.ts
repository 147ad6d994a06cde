import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;

/** Something did not come in time; it may come yet. */
export class NotYet extends Error {}

/**
 * Waits until `probe` gives true.
 * @param deadline ms since the epoch
 * @throws NotYet naming what was waited for
 */
export async function until(what: string, deadline: number, probe: () => Promise<boolean>): Promise<void> {
  while (!(await probe())) {
    if (Date.now() >= deadline) throw new NotYet(`waited in vain for ${what}`);
    await sleep(POLL_MS);
  }
}
