import { createHash } from 'node:crypto';

/**
 * What the clients know of one event. Its token stands in `context.correlationId`, so that every event, also one without
 * an id of ours, can be recognised in the store.
 */
export interface Sent {
  token: string;
  tenant: string;
  /** The id that the client gave; undefined if the system makes it. */
  id: string | undefined;
  /** Ids and checksums of the envelopes that were acknowledged. */
  acknowledged: { id: string; checksum: string }[];
  /** A request with it ended without an answer, so another copy than the acknowledged may be the stored one. */
  unknown: boolean;
  /** The last answer said that nothing was stored. */
  refused: boolean;
  /** The client gave an id on purpose that it had given to another event. */
  conflicting: boolean;
}

/** All that was sent, by token. */
export class Book {
  readonly sent = new Map<string, Sent>();

  add(token: string, tenant: string, id: string | undefined, conflicting = false): Sent {
    const entry = { token, tenant, id, acknowledged: [], unknown: false, refused: false, conflicting };
    this.sent.set(token, entry);
    return entry;
  }

  count(which: (sent: Sent) => boolean): number {
    let n = 0;
    for (const sent of this.sent.values()) if (which(sent)) n += 1;
    return n;
  }
}

/** The text that an event with this token has: what comes out can be compared without remembering it. */
export function descriptionOf(token: string): string {
  const words = createHash('sha512').update(token).digest('hex');
  return `chaos ${words} ${words.slice(0, 64)}`;
}
