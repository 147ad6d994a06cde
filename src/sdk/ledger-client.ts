import { setTimeout as sleep } from 'node:timers/promises';
import { AuditError, reasonOf } from './errors';
import type { HttpAnswer, HttpClient } from './http-client';
import { retryAfterMs, retryDelay } from './retry';

/** What `GET events/{id}/proof` answers, as far as it is needed. */
export interface Proof {
  leafIndex: number;
  inclusionProof: string[];
  envelope: string;
  checkpoint: string;
  publicKeys: string[];
}

const ATTEMPTS = 5;
const LONGEST_WAIT_MS = 5000;

/** Reads proofs. @throws AuditError `UNAUTHORIZED`, or `UNAVAILABLE` after some attempts */
export class LedgerClient {
  constructor(private readonly client: HttpClient) {}

  async proof(id: string): Promise<Proof | 'unknown' | 'unsealed'> {
    const { status, body } = await this.get(`audit/api/events/${id}/proof`, [404, 409]);
    if (status === 404) return 'unknown';
    return status === 409 ? 'unsealed' : (JSON.parse(body) as Proof);
  }

  /** Hashes of the proof that the ledger of size `to` continues that of size `from`; undefined if there is none. */
  async consistency(from: number, to: number): Promise<Buffer[] | undefined> {
    const { status, body } = await this.get(`audit/api/ledger/consistency?from=${from}&to=${to}`, [400, 404]);
    if (status !== 200) return undefined;
    return (JSON.parse(body) as { proof: string[] }).proof.map((hash) => Buffer.from(hash, 'hex'));
  }

  private async get(path: string, welcome: readonly number[]): Promise<HttpAnswer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.client.request('GET', path).catch((error: unknown) => reasonOf(error));
      const status = typeof answer === 'string' ? 0 : answer.status;
      if (typeof answer !== 'string') {
        if (status === 200 || welcome.includes(status)) return answer;
        if (status === 401 || status === 403) {
          throw new AuditError(
            'UNAUTHORIZED',
            'the API key may not read the ledger; give verifyReceipts one with the role viewer',
          );
        }
      }
      if (attempt === ATTEMPTS) {
        const why = typeof answer === 'string' ? answer : `it answered ${status}`;
        throw new AuditError('UNAVAILABLE', `the audit system cannot be asked for proofs: ${why}`);
      }
      const after = typeof answer === 'string' ? undefined : retryAfterMs(answer.headers['retry-after'], Date.now());
      await sleep(retryDelay(attempt, after, LONGEST_WAIT_MS, Math.random()));
    }
  }
}
