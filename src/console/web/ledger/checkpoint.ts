import { Bytes, fromBase64, join, same, utf8 } from './bytes';
import { sha256 } from './merkle';

/** What a checkpoint (C2SP tlog-checkpoint) says. */
export interface Checkpoint {
  origin: string;
  size: number;
  root: Bytes;
}

/** @throws Error for what is no checkpoint */
export function parseCheckpoint(note: string): Checkpoint {
  const [origin = '', size = '', root = ''] = note.split('\n');
  if (!origin || !/^\d+$/.test(size)) throw new Error('this is no checkpoint');
  return { origin, size: Number(size), root: fromBase64(root) };
}

const ED25519 = 1;

/**
 * Whether one of `keys` (name+id+key, as verifiers of signed notes take them) signed the note; undefined where this browser has
 * no Ed25519.
 */
export async function isSigned(note: string, keys: readonly string[]): Promise<boolean | undefined> {
  const end = note.indexOf('\n\n') + 1;
  const text = utf8(note.slice(0, end));
  for (const line of note.slice(end + 1).split('\n')) {
    const [, name, encoded] = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? [];
    if (!name || !encoded) continue;
    const signature = fromBase64(encoded);
    for (const key of keys) {
      const publicKey = await keyOf(key, name, signature.subarray(0, 4));
      if (publicKey === undefined) continue;
      const imported = await importKey(publicKey);
      if (imported === undefined) return undefined;
      if (await crypto.subtle.verify('Ed25519', imported, signature.slice(4), text)) return true;
    }
  }
  return false;
}

/** The raw key of `text` if it is the one that the signature names by `id`. */
async function keyOf(text: string, name: string, id: Uint8Array): Promise<Bytes | undefined> {
  const [, keyName, , encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? [];
  if (keyName !== name || !encoded) return undefined;
  const typed = fromBase64(encoded);
  if (typed[0] !== ED25519) return undefined;
  const hash = await sha256(join(utf8(`${name}\n`), typed));
  return same(hash.subarray(0, 4), id) ? typed.slice(1) : undefined;
}

async function importKey(raw: Bytes): Promise<CryptoKey | undefined> {
  try {
    return await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify']);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotSupportedError') return undefined;
    throw error;
  }
}
