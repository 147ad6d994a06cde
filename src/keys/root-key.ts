import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../common/app-error';
import type { Config } from '../config/config';
import { hmacSha256, KEY_BYTES } from './crypto';

/** A root key: it wraps all other keys and is never stored beside them. */
export interface RootKey {
  /** Says which root key wrapped something; tells nothing about the key. */
  id: string;
  key: Buffer;
}

/** Where the root key's file is: AUDIT_ROOT_KEY_FILE or `<dataDir>/root-key`. */
export const rootKeyFile = (config: Config): string => config.rootKey.file ?? join(config.dataDir, 'root-key');

/** Stands before a key that a rotation has made and that does not wrap anything yet. */
const NEXT = 'next:';

export interface RootKeySet {
  /** The first wraps; the others only unwrap, while a rotation is under way. */
  keys: RootKey[];
  /** Made by a rotation that has not come further yet; it is among `keys`, last. */
  next: RootKey | undefined;
}

/**
 * Reads root keys: base64 of 32 bytes each, separated by commas or line breaks. The text itself appears in no message.
 * @throws AppError `ROOT_KEY_INVALID`
 */
export function parseRootKeys(text: string, from: string): RootKeySet {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  const read = (marked: boolean) =>
    parts
      .filter((part) => part.startsWith(NEXT) === marked)
      .map((part) => parse(marked ? part.slice(NEXT.length) : part));
  const parse = (part: string) => {
    const key = Buffer.from(part, 'base64');
    if (key.length === KEY_BYTES && /^[A-Za-z0-9+/_-]+={0,2}$/.test(part)) return { id: rootKeyId(key), key };
    throw new AppError(
      'ROOT_KEY_INVALID',
      500,
      `${from}: a root key is 32 bytes in base64 (44 characters); make one with "openssl rand -base64 32"`,
    );
  };
  const [keys, [next]] = [read(false), read(true)];
  if (keys.length === 0) throw new AppError('ROOT_KEY_INVALID', 500, `${from} holds no root key`);
  return { keys: next ? [...keys, next] : keys, next };
}

/** The text that `parseRootKeys` reads back. */
export const formatRootKeys = ({ keys, next }: RootKeySet): string =>
  keys.map((root) => `${root === next ? NEXT : ''}${root.key.toString('base64')}\n`).join('');

export const rootKeyId = (key: Buffer): string =>
  hmacSha256(key, 'mcp-audit root key id').subarray(0, 8).toString('hex');

/** The configured root keys, or undefined if there are none yet. */
export function findRootKeys(config: Config): RootKeySet | undefined {
  if (config.rootKey.value !== undefined) return parseRootKeys(config.rootKey.value, 'AUDIT_ROOT_KEY');
  const file = rootKeyFile(config);
  return existsSync(file) ? parseRootKeys(readFileSync(file, 'utf8'), file) : undefined;
}

/** Root keys as this process knows them; a file is read again when a key is wrapped by one that is not known yet. */
export class RootKeys {
  private set: RootKeySet;

  /** @throws AppError `ROOT_KEY_MISSING` or `ROOT_KEY_INVALID` */
  constructor(private readonly config: Config) {
    this.set = this.read();
  }

  /** The one that wraps. */
  get current(): RootKey {
    const [first] = this.set.keys;
    if (!first) throw this.missing();
    return first;
  }

  get known(): Readonly<RootKeySet> {
    return this.set;
  }

  /** Where they come from, for messages. */
  get source(): string {
    return this.config.rootKey.value === undefined ? rootKeyFile(this.config) : 'AUDIT_ROOT_KEY';
  }

  /** @throws AppError `ROOT_KEY_WRONG` if the key with this id is not among ours. */
  find(id: string): RootKey {
    const known = this.set.keys.find((root) => root.id === id);
    if (known) return known;
    this.set = this.read();
    const found = this.set.keys.find((root) => root.id === id);
    if (found) return found;
    throw new AppError(
      'ROOT_KEY_WRONG',
      500,
      `the keys of this store are wrapped by the root key ${id}, but ${this.source} holds ` +
        `${this.set.keys.map((root) => root.id).join(', ')}; restore the root key that this store was started with`,
    );
  }

  byId(id: string): Buffer {
    return this.find(id).key;
  }

  reload(): void {
    this.set = this.read();
  }

  private read(): RootKeySet {
    const set = findRootKeys(this.config);
    if (!set) throw this.missing();
    return set;
  }

  private missing(): AppError {
    return new AppError(
      'ROOT_KEY_MISSING',
      500,
      `there is no root key: set AUDIT_ROOT_KEY, or make ${rootKeyFile(this.config)} with "mcp-audit keys init"`,
    );
  }
}

export function newRootKey(): RootKey {
  const key = randomBytes(KEY_BYTES);
  return { id: rootKeyId(key), key };
}
