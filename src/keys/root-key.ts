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

/**
 * Reads root keys: base64 of 32 bytes each, separated by commas or line breaks. The first wraps; the others only unwrap,
 * while a rotation is under way. The text itself appears in no message.
 * @throws AppError `ROOT_KEY_INVALID`
 */
export function parseRootKeys(text: string, from: string): RootKey[] {
  const keys = text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part) => {
      const key = Buffer.from(part, 'base64');
      if (key.length !== KEY_BYTES || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(part)) {
        throw new AppError(
          'ROOT_KEY_INVALID',
          500,
          `${from}: a root key is 32 bytes in base64 (44 characters); make one with "openssl rand -base64 32"`,
        );
      }
      return { id: rootKeyId(key), key };
    });
  if (keys.length === 0) throw new AppError('ROOT_KEY_INVALID', 500, `${from} holds no root key`);
  return keys;
}

export const rootKeyId = (key: Buffer): string =>
  hmacSha256(key, 'mcp-audit root key id').subarray(0, 8).toString('hex');

/** The configured root keys, or undefined if there are none yet. */
export function findRootKeys(config: Config): RootKey[] | undefined {
  if (config.rootKey.value !== undefined) return parseRootKeys(config.rootKey.value, 'AUDIT_ROOT_KEY');
  const file = rootKeyFile(config);
  return existsSync(file) ? parseRootKeys(readFileSync(file, 'utf8'), file) : undefined;
}

/** Root keys as this process knows them; a file is read again when a key is wrapped by one that is not known yet. */
export class RootKeys {
  private keys: RootKey[];

  /** @throws AppError `ROOT_KEY_MISSING` or `ROOT_KEY_INVALID` */
  constructor(private readonly config: Config) {
    this.keys = this.read();
  }

  get current(): RootKey {
    const [first] = this.keys;
    if (!first) throw this.missing();
    return first;
  }

  /** @throws AppError `ROOT_KEY_WRONG` if the key with this id is not among ours. */
  byId(id: string): Buffer {
    const known = this.keys.find((k) => k.id === id);
    if (known) return known.key;
    this.keys = this.read();
    const found = this.keys.find((k) => k.id === id);
    if (found) return found.key;
    const where = this.config.rootKey.value === undefined ? rootKeyFile(this.config) : 'AUDIT_ROOT_KEY';
    throw new AppError(
      'ROOT_KEY_WRONG',
      500,
      `the keys of this store are wrapped by the root key ${id}, but ${where} holds ${this.keys.map((k) => k.id).join(', ')}; ` +
        'restore the root key that this store was started with',
    );
  }

  reload(): void {
    this.keys = this.read();
  }

  private read(): RootKey[] {
    const keys = findRootKeys(this.config);
    if (!keys) throw this.missing();
    return keys;
  }

  private missing(): AppError {
    return new AppError(
      'ROOT_KEY_MISSING',
      500,
      `there is no root key: set AUDIT_ROOT_KEY, or make ${rootKeyFile(this.config)} with "mcp-audit keys init"`,
    );
  }
}

export const newRootKey = (): string => randomBytes(KEY_BYTES).toString('base64');
