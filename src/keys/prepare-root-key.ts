import { ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import { AppError } from '../common/app-error';
import type { Config } from '../config/config';
import type { KeyRecord } from './key-record';
import { KeyStore } from './key-store';
import { findRootKeys, newRootKey, rootKeyFile, RootKeys } from './root-key';
import { writeRootKeys } from './root-key-file';

/**
 * Makes the root key of a new embedded system, and refuses to start one with the wrong root key.
 * @param mayMake whether a missing root key may be made; never if the store already has keys
 * @throws AppError `ROOT_KEY_MISSING` or `ROOT_KEY_WRONG`
 */
export async function prepareRootKey(config: Config, clickhouse: ClickHouseClient, mayMake: boolean): Promise<void> {
  const stored = await storedKeys(clickhouse);
  if (!findRootKeys(config) && stored.length > 0) {
    throw new AppError(
      'ROOT_KEY_MISSING',
      500,
      `the root key ${stored.at(-1)?.rootId ?? ''} of this store is missing; restore ${rootKeyFile(config)} or set AUDIT_ROOT_KEY: ` +
        'without it sealed data cannot be read',
    );
  }
  if (!findRootKeys(config) && mayMake) await writeRootKeys(config, { keys: [newRootKey()], next: undefined });
  const roots = new RootKeys(config);
  for (const record of stored) roots.byId(record.rootId);
}

/** None where there is no schema yet. */
async function storedKeys(clickhouse: ClickHouseClient): Promise<KeyRecord[]> {
  try {
    return await new KeyStore(clickhouse).keys();
  } catch (error) {
    if (error instanceof ClickHouseError && NO_SCHEMA.has(error.code)) return [];
    throw error;
  }
}

/** UNKNOWN_TABLE, UNKNOWN_DATABASE */
const NO_SCHEMA = new Set(['60', '81']);
