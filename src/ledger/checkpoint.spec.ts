import { generateKeyPairSync, sign } from 'node:crypto';
import {
  Checkpoint,
  checkpointText,
  keyId,
  openCheckpoint,
  parseCheckpoint,
  parseVerifierKey,
  signedNote,
  verifierKeyText,
} from './checkpoint';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(12);
const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(12);
const checkpoint: Checkpoint = {
  origin: 'log.example.org/audit/acme',
  size: 12_345,
  root: Buffer.alloc(32, 7),
  time: Date.UTC(2026, 10, 23, 5, 16, 0, 123),
};
const text = checkpointText(checkpoint);
const key = { name: checkpoint.origin, publicKey: raw };
const note = signedNote(text, key, sign(null, Buffer.from(text), privateKey));
const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

describe('a checkpoint', () => {
  it('is the text that the specification says', () => {
    expect(text).toBe(
      `log.example.org/audit/acme\n12345\n${Buffer.alloc(32, 7).toString('base64')}\ntime 2026-11-23T05:16:00.123Z\n`,
    );
    expect(note).toMatch(/\n\n— log\.example\.org\/audit\/acme [A-Za-z0-9+/]{91}=\n$/);
  });

  it('comes back from its note', () => {
    expect(openCheckpoint(note, [other, raw])).toEqual(checkpoint);
  });

  it('may carry signatures of others and no time', () => {
    const plain = checkpointText({ ...checkpoint, time: undefined });
    const signed = signedNote(plain, key, sign(null, Buffer.from(plain), privateKey));
    expect(openCheckpoint(`${signed}— witness.example ${Buffer.alloc(70).toString('base64')}\n`, [raw])).toMatchObject({
      size: 12_345,
      time: undefined,
    });
  });

  it.each([
    ['another size', note.replace('12345', '12346')],
    ['another time', note.replace('2026', '2025')],
    ['a spoilt signature', note.replace(/(.)=\n$/, (_, c: string) => `${c === 'A' ? 'E' : 'A'}=\n`)],
  ])('with %s is forged', (_, forged) => {
    expect(codeOf(() => openCheckpoint(forged, [raw]))).toBe('CHECKPOINT_FORGED');
  });

  it('of another origin or key is unsigned', () => {
    expect(codeOf(() => openCheckpoint(note, [other]))).toBe('CHECKPOINT_UNSIGNED');
    expect(codeOf(() => openCheckpoint(note.replace('log.', 'dog.'), [raw]))).toBe('CHECKPOINT_UNSIGNED');
  });

  it.each([
    ['nothing', ''],
    ['no signature part', text],
    ['a size with a leading zero', note.replace('12345', '012345')],
    ['a short root', note.replace(/\n[A-Za-z0-9+/]{43}=\n/, '\nAAAA\n')],
  ])('is none with %s', (_, bad) => expect(codeOf(() => parseCheckpoint(bad))).toBe('CHECKPOINT_INVALID'));
});

describe('a verifier key', () => {
  // The key of the signed-note documentation of golang.org/x/mod.
  const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';

  it('of others is read', () => {
    const read = parseVerifierKey(PETER);
    expect(read.name).toBe('PeterNeumann');
    expect(keyId(read).toString('hex')).toBe('c74f20a3');
    expect(verifierKeyText(read)).toBe(PETER);
  });

  it.each(['', PETER.replace('c7', 'c8'), PETER.replace('+AR', '+BR'), 'PeterNeumann'])('is none: %p', (bad) =>
    expect(codeOf(() => parseVerifierKey(bad))).toBe('VERIFIER_KEY_INVALID'),
  );
});
