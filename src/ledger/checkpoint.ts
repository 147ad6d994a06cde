import { createHash } from 'node:crypto';
import { AppError } from '../common/app-error';
import { isCheckpointSignature } from '../keys/ed25519';
import { HASH_BYTES } from './merkle';

/**
 * Checkpoints as C2SP tlog-checkpoint and signed-note define them:
 *
 *   <origin>\n<size>\n<root, base64>\ntime <RFC 3339>\n\n— <key name> <base64(key id (4), Ed25519 signature (64))>\n
 *
 * The line with the time is an extension line: when the system says that it signed. The key's name is the origin.
 */
export interface Checkpoint {
  origin: string;
  size: number;
  root: Buffer;
  /** ms since the epoch; undefined in checkpoints of others. */
  time: number | undefined;
}

/** A public key under a name: what a verifier has to know. */
export interface VerifierKey {
  name: string;
  /** Raw Ed25519 key, 32 bytes. */
  publicKey: Buffer;
}

const ED25519 = 1;

/** The text that is signed. */
export function checkpointText({ origin, size, root, time }: Checkpoint): string {
  const extension = time === undefined ? '' : `time ${new Date(time).toISOString()}\n`;
  return `${origin}\n${size}\n${root.toString('base64')}\n${extension}`;
}

/** First four bytes of SHA-256 of name and key, as signed notes name a key. */
export function keyId({ name, publicKey }: VerifierKey): Buffer {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(Buffer.from([ED25519]))
    .update(publicKey)
    .digest()
    .subarray(0, 4);
}

/** The key as text, `<name>+<key id>+<key>`, the form in which tools for signed notes take it. */
export function verifierKeyText(key: VerifierKey): string {
  const encoded = Buffer.concat([Buffer.from([ED25519]), key.publicKey]).toString('base64');
  return `${key.name}+${keyId(key).toString('hex')}+${encoded}`;
}

/** @throws AppError `VERIFIER_KEY_INVALID` */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name = '', id, encoded = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.trim()) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  const key = { name, publicKey: bytes.subarray(1) };
  if (bytes.length !== 33 || bytes[0] !== ED25519 || keyId(key).toString('hex') !== id) {
    throw new AppError('VERIFIER_KEY_INVALID', 400, `"${text.slice(0, 80)}" is no Ed25519 key of the form name+id+key`);
  }
  return key;
}

/** The whole note. */
export function signedNote(text: string, key: VerifierKey, signature: Buffer): string {
  return `${text}\n— ${key.name} ${Buffer.concat([keyId(key), signature]).toString('base64')}\n`;
}

const SIZE = /^(0|[1-9]\d{0,15})$/;
const TIME = /^time (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/;

/** What a note says, without looking at its signatures. @throws AppError `CHECKPOINT_INVALID` */
export function parseCheckpoint(note: string): Checkpoint {
  const text = note.slice(0, note.indexOf('\n\n') + 1);
  const [origin = '', size = '', root = '', ...extensions] = text.split('\n').slice(0, -1);
  const hash = Buffer.from(root, 'base64');
  if (origin === '' || !SIZE.test(size) || hash.length !== HASH_BYTES || hash.toString('base64') !== root) {
    throw invalid('it does not begin with an origin, a size and a root');
  }
  if (Number(size) > Number.MAX_SAFE_INTEGER || extensions.includes('')) throw invalid('it is malformed');
  const time = extensions.map((line) => TIME.exec(line)?.[1]).find((value) => value !== undefined);
  return { origin, size: Number(size), root: hash, time: time === undefined ? undefined : Date.parse(time) };
}

/**
 * What a note says, once one of the keys has been found to have signed it; signatures by other keys are passed over.
 * @throws AppError `CHECKPOINT_INVALID`, `CHECKPOINT_UNSIGNED` or `CHECKPOINT_FORGED`
 */
export function openCheckpoint(note: string, publicKeys: readonly Buffer[]): Checkpoint {
  const checkpoint = parseCheckpoint(note);
  const end = note.indexOf('\n\n') + 1;
  const text = Buffer.from(note.slice(0, end));
  let known = false;
  for (const line of note
    .slice(end + 1)
    .split('\n')
    .slice(0, -1)) {
    const [, name, encoded = ''] = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? [];
    if (name === undefined) throw invalid('it has a line that is no signature');
    if (name !== checkpoint.origin) continue;
    const bytes = Buffer.from(encoded, 'base64');
    const key = publicKeys.find((publicKey) => keyId({ name, publicKey }).equals(bytes.subarray(0, 4)));
    if (!key) continue;
    known = true;
    if (isCheckpointSignature(key, text, bytes.subarray(4))) return checkpoint;
  }
  throw known
    ? new AppError('CHECKPOINT_FORGED', 422, 'the signature of the checkpoint does not fit its text')
    : new AppError('CHECKPOINT_UNSIGNED', 422, 'none of the known keys signed the checkpoint');
}

const invalid = (why: string) => new AppError('CHECKPOINT_INVALID', 422, `this is no checkpoint: ${why}`);
