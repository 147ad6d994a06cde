import { generateKeyPairSync, sign } from 'node:crypto';
import { rawPublicKey } from '../keys/ed25519';
import { checkpointText, signedNote, verifierKeyText } from '../ledger/checkpoint';
import { consistencySpans, inclusionSpans, leafHash, LeafSpan, rootOf } from '../ledger/merkle';
import { uuidV7 } from '../events/uuid';
import { MemoryTrust } from './checkpoint-watch';
import type { LedgerClient, Proof } from './ledger-client';
import type { Receipt } from './receipts';
import { VerifyOptions, verifyReceipts } from './verify-receipts';

const NOW = Date.UTC(2026, 10, 23, 12);
const HOUR = 3_600_000;
const ORIGIN = 'audit.example.org/t1';

/** A server that can be made to lie. */
class Ledger implements Pick<LedgerClient, 'proof' | 'consistency'> {
  private readonly pair = generateKeyPairSync('ed25519');
  readonly key = { name: ORIGIN, publicKey: rawPublicKey(this.pair.publicKey) };
  readonly envelopes: string[] = [];
  unsealed = 0;

  /** Takes an event and acknowledges it. */
  add(over: Partial<Receipt> = {}): Receipt {
    const id = uuidV7(NOW);
    const envelope = JSON.stringify({ id, description: `event ${this.envelopes.length}` });
    this.envelopes.push(envelope);
    return { id, leafHash: leafHash(Buffer.from(envelope)).toString('hex'), at: NOW - HOUR, unsure: false, ...over };
  }

  proof(id: string): Promise<Proof | 'unknown' | 'unsealed'> {
    const size = this.envelopes.length - this.unsealed;
    const leafIndex = this.envelopes.findIndex((envelope) => envelope.includes(id));
    if (leafIndex < 0) return Promise.resolve('unknown');
    if (leafIndex >= size) return Promise.resolve('unsealed');
    const inclusionProof = inclusionSpans(leafIndex, size).map((span) => this.span(span).toString('hex'));
    const text = checkpointText({ origin: ORIGIN, size, root: this.span([0, size]), time: NOW });
    const checkpoint = signedNote(text, this.key, sign(null, Buffer.from(text), this.pair.privateKey));
    const publicKeys = [verifierKeyText(this.key)];
    return Promise.resolve({
      leafIndex,
      inclusionProof,
      envelope: this.envelopes[leafIndex] ?? '',
      checkpoint,
      publicKeys,
    });
  }

  consistency(from: number, to: number): Promise<Buffer[] | undefined> {
    return Promise.resolve(consistencySpans(from, to).map((span) => this.span(span)));
  }

  private span([start, end]: LeafSpan): Buffer {
    const leaves = this.envelopes.slice(start, end).map((envelope) => leafHash(Buffer.from(envelope)));
    return rootOf(Buffer.concat(leaves));
  }
}

describe('verifying receipts', () => {
  let ledger: Ledger;
  let trust: MemoryTrust;
  const verify = (receipts: Receipt[], options: VerifyOptions = {}) =>
    verifyReceipts(receipts, ledger as unknown as LedgerClient, trust, options, NOW);
  const add = (count: number) => Array.from({ length: count }, () => ledger.add());
  const faults = async (receipts: Receipt[], options?: VerifyOptions) =>
    (await verify(receipts, options)).faults.map(({ id, fault }) => [id, fault]);

  beforeEach(() => {
    ledger = new Ledger();
    trust = new MemoryTrust();
  });

  it('finds every event, also as the ledger grows', async () => {
    const receipts = add(7);
    expect(await verify(receipts)).toEqual({ ok: true, checked: 7, verified: 7, pending: 0, unproven: 0, faults: [] });
    receipts.push(...add(6));
    expect(await verify(receipts, { publicKeys: [verifierKeyText(ledger.key)] })).toMatchObject({
      ok: true,
      verified: 13,
    });
    expect(await verify(receipts, { limit: 5 })).toMatchObject({ checked: 5 });
  });

  it('detects an event that was acknowledged and then left out', async () => {
    const receipts = add(5);
    const [, left] = receipts;
    ledger.envelopes.splice(1, 1);
    expect(await faults(receipts)).toEqual([[left?.id, 'missing']]);
  });

  it('waits for events that were acknowledged a moment ago', async () => {
    const fresh = { ...ledger.add(), at: NOW - 1000 };
    ledger.unsealed = 1;
    const unknown = { ...fresh, id: uuidV7(NOW) };
    expect(await verify([fresh, unknown])).toMatchObject({ ok: true, pending: 2 });
    expect(await faults([fresh, unknown], { graceMs: 0 })).toEqual([
      [fresh.id, 'not-in-ledger'],
      [unknown.id, 'missing'],
    ]);
  });

  it('detects an event whose bytes were changed', async () => {
    const receipts = add(5);
    ledger.envelopes[2] = ledger.envelopes[2]?.replace('event 2', 'nothing') ?? '';
    expect(await faults(receipts)).toEqual([[receipts[2]?.id, 'altered']]);
  });

  it('cannot tell for an event that had to be repeated, and says so', async () => {
    const [receipt] = add(1);
    if (!receipt) throw new Error('there is no receipt');
    const other = { ...receipt, leafHash: 'ab'.repeat(32), unsure: true };
    expect(await verify([other])).toMatchObject({ ok: true, unproven: 1, verified: 0 });
  });

  it('detects a proof that does not hold', async () => {
    const receipts = add(5);
    const honest = ledger.proof.bind(ledger);
    ledger.proof = async (id) => {
      const given = await honest(id);
      return typeof given === 'string' ? given : { ...given, leafIndex: (given.leafIndex + 1) % 5 };
    };
    expect(new Set((await faults(receipts)).map(([, fault]) => fault))).toEqual(new Set(['not-in-ledger']));
  });

  it('detects a ledger that was rewritten, or became shorter, since the last time', async () => {
    await verify(add(5));
    ledger.envelopes[0] = '{"id":"forged"}';
    const later = add(3);
    expect(await faults(later)).toEqual([['', 'ledger-rewritten']]);
    ledger.envelopes.splice(0, 6);
    expect(await faults(later.slice(-1))).toEqual([['', 'ledger-rewritten']]);
  });

  it('detects a checkpoint that others signed', async () => {
    const receipts = add(2);
    const trusted = verifierKeyText(new Ledger().key);
    expect(await faults(receipts, { publicKeys: [trusted] })).toEqual(
      receipts.map(({ id }) => [id, 'ledger-rewritten']),
    );
  });
});
