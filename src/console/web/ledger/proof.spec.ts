import { generateKeyPairSync, sign } from 'node:crypto';
import { leafHash as serverLeafHash } from '../../../ledger/merkle';
import { keyId, signedNote, verifierKeyText } from '../../../ledger/checkpoint';
import { toHex, utf8 } from './bytes';
import { leafHash, sha256 } from './merkle';
import { Proof, verifyProof } from './proof';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
const key = { name: 'audit.example/log', publicKey: raw };

async function proofOf(envelope: string): Promise<Proof> {
  const leaf = await leafHash(utf8(envelope));
  const text = `${key.name}\n1\n${Buffer.from(leaf).toString('base64')}\n`;
  return {
    ...{ format: 'mcp-audit-proof/1', tenant: 'default', leafIndex: 0, leafHash: toHex(leaf), inclusionProof: [] },
    ...{ envelope, checksum: toHex(await sha256(utf8(envelope))), keyId: null, signature: null },
    checkpoint: signedNote(text, key, sign(null, Buffer.from(text), privateKey)),
    publicKeys: [verifierKeyText(key)],
  };
}

describe('a proof of the server, checked in the browser', () => {
  const held = async (proof: Proof) => (await verifyProof(proof)).filter(({ holds }) => holds).map(({ name }) => name);

  it('holds in all its steps', async () => {
    expect(keyId(key)).toHaveLength(4);
    const proof = await proofOf('{"description":"João"}');
    expect(proof.leafHash).toBe(serverLeafHash(Buffer.from(proof.envelope)).toString('hex'));
    expect(await held(proof)).toEqual(['checksum', 'leaf', 'inclusion', 'signature']);
  });

  it('fails in the steps that an alteration touches', async () => {
    const proof = await proofOf('{"a":1}');
    expect(await held({ ...proof, envelope: '{"a":2}' })).toEqual(['signature']);
    expect(await held({ ...proof, checkpoint: proof.checkpoint.replace('\n1\n', '\n2\n') })).toEqual([
      'checksum',
      'leaf',
    ]);
    const { publicKey: other } = generateKeyPairSync('ed25519');
    const foreign = { ...key, publicKey: other.export({ format: 'der', type: 'spki' }).subarray(-32) };
    expect(await held({ ...proof, publicKeys: [verifierKeyText(foreign)] })).toEqual(['checksum', 'leaf', 'inclusion']);
  });
});
