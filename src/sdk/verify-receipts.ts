import { leafHash, verifyInclusion } from '../ledger/merkle';
import { reasonOf } from './errors';
import { CheckpointWatch, TrustStore } from './checkpoint-watch';
import type { LedgerClient, Proof } from './ledger-client';
import type { Receipt } from './receipts';

export interface VerifyOptions {
  /** How many of the newest receipts; default 1000. */
  limit?: number;
  /** How long an event may take from its receipt to the ledger, ms; default ten minutes. */
  graceMs?: number;
  /** A key that may read the ledger, with the role `viewer` at least; default: that of the logger. */
  apiKey?: string;
  /**
   * Verifier keys of the ledger (`name+id+key`), known from elsewhere. Without, the checkpoint seen first is trusted, and all
   * later ones have to continue it.
   */
  publicKeys?: readonly string[];
}

export type ReceiptFaultKind =
  /** The server acknowledged the event and does not know it. */
  | 'missing'
  /** The server shows other bytes than those that it acknowledged. */
  | 'altered'
  /** The event is shown, and the proof does not hold under the signed checkpoint. */
  | 'not-in-ledger'
  /** A checkpoint is not signed by a known key, or does not continue an earlier one: history was rewritten. */
  | 'ledger-rewritten';

export interface ReceiptFault {
  /** Id of the event; empty for faults of the ledger as a whole. */
  id: string;
  acknowledgedAt: Date | undefined;
  fault: ReceiptFaultKind;
  message: string;
}

export interface VerifyReport {
  /** Whether no fault was found. */
  ok: boolean;
  checked: number;
  /** Found unaltered in the ledger, under a signed checkpoint. */
  verified: number;
  /** Acknowledged too recently to be in the ledger for sure. */
  pending: number;
  /** In the ledger, but with bytes that no receipt names, since the request had to be repeated. */
  unproven: number;
  faults: ReceiptFault[];
}

const LIMIT = 1000;
const GRACE_MS = 600_000;
const AT_A_TIME = 4;

/**
 * Asks the server to prove every receipt: that the event is there, with the bytes that were acknowledged, in a ledger that
 * only ever grew.
 * @throws AuditError `UNAUTHORIZED` or `UNAVAILABLE` if the server cannot be asked
 */
export async function verifyReceipts(
  receipts: readonly Receipt[],
  client: LedgerClient,
  trust: TrustStore,
  options: VerifyOptions,
  now: number,
): Promise<VerifyReport> {
  const report: VerifyReport = { ok: true, checked: 0, verified: 0, pending: 0, unproven: 0, faults: [] };
  const watch = await CheckpointWatch.start(client, trust, options.publicKeys);
  const queue = receipts.slice(0, options.limit ?? LIMIT);
  const worker = async () => {
    for (let receipt = queue.shift(); receipt; receipt = queue.shift()) {
      await check(receipt, client, watch, now - receipt.at < (options.graceMs ?? GRACE_MS), report);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  for (const message of await watch.finish()) {
    report.faults.push({ id: '', acknowledgedAt: undefined, fault: 'ledger-rewritten', message });
  }
  report.ok = report.faults.length === 0;
  return report;
}

async function check(
  receipt: Receipt,
  client: LedgerClient,
  watch: CheckpointWatch,
  recent: boolean,
  report: VerifyReport,
): Promise<void> {
  report.checked += 1;
  const proof = await client.proof(receipt.id);
  const fault = (kind: ReceiptFaultKind, message: string) =>
    report.faults.push({ id: receipt.id, acknowledgedAt: new Date(receipt.at), fault: kind, message });
  if (proof === 'unknown' || proof === 'unsealed') {
    if (recent) report.pending += 1;
    else if (proof === 'unknown') fault('missing', 'the server acknowledged the event and has none of this id');
    else fault('not-in-ledger', 'the event was acknowledged long ago and is still not in the ledger');
    return;
  }
  const wrong = faultOf(receipt, proof, watch);
  if (wrong) fault(...wrong);
  else if (leafOf(proof).toString('hex') === receipt.leafHash) report.verified += 1;
  else report.unproven += 1;
}

const leafOf = (proof: Proof): Buffer => leafHash(Buffer.from(proof.envelope));

function faultOf(receipt: Receipt, proof: Proof, watch: CheckpointWatch): [ReceiptFaultKind, string] | undefined {
  const leaf = leafOf(proof);
  if (leaf.toString('hex') !== receipt.leafHash && !(receipt.unsure && idOf(proof) === receipt.id)) {
    return ['altered', 'the server shows other bytes than those that it acknowledged'];
  }
  try {
    const { size, root } = watch.open(proof.checkpoint, proof.publicKeys);
    const path = proof.inclusionProof.map((hash) => Buffer.from(hash, 'hex'));
    if (verifyInclusion(leaf, proof.leafIndex, size, path, root)) return undefined;
    return ['not-in-ledger', 'the proof does not lead from the event to the root of the checkpoint'];
  } catch (error) {
    return ['ledger-rewritten', reasonOf(error)];
  }
}

function idOf({ envelope }: Proof): unknown {
  try {
    return (JSON.parse(envelope) as { id?: unknown }).id;
  } catch {
    return undefined;
  }
}
