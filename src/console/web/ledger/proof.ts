import { fromHex, same, toHex, utf8 } from './bytes';
import { isSigned, parseCheckpoint } from './checkpoint';
import { leafHash, sha256, verifyInclusion } from './merkle';

/** A proof file as GET events/{id}/proof gives it. */
export interface Proof {
  format: 'mcp-audit-proof/1';
  tenant: string;
  leafIndex: number;
  leafHash: string;
  inclusionProof: string[];
  envelope: string;
  checksum: string;
  keyId: number | null;
  signature: string | null;
  checkpoint: string;
  publicKeys: string[];
}

export type StepName = 'checksum' | 'leaf' | 'inclusion' | 'signature';
export interface Step {
  name: StepName;
  /** undefined: this browser cannot tell. */
  holds: boolean | undefined;
  /** What was computed, for whoever wants to compare. */
  shown: string;
}

/** Recomputes everything in the proof from the bytes of the event, trusting none of its hashes. */
export async function verifyProof(proof: Proof): Promise<Step[]> {
  const envelope = utf8(proof.envelope);
  const checksum = await sha256(envelope);
  const leaf = await leafHash(envelope);
  const { size, root } = parseCheckpoint(proof.checkpoint);
  const path = proof.inclusionProof.map(fromHex);
  return [
    { name: 'checksum', holds: same(checksum, fromHex(proof.checksum)), shown: toHex(checksum) },
    { name: 'leaf', holds: same(leaf, fromHex(proof.leafHash)), shown: toHex(leaf) },
    { name: 'inclusion', holds: await verifyInclusion(leaf, proof.leafIndex, size, path, root), shown: toHex(root) },
    { name: 'signature', holds: await isSigned(proof.checkpoint, proof.publicKeys), shown: proof.publicKeys[0] ?? '' },
  ];
}
