import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config/config';
import { writePrivateFile } from '../supervisor/secrets';
import { formatRootKeys, rootKeyFile, RootKeySet } from './root-key';

/** Replaces the file of the root keys, durably and at once: whoever reads it sees the old keys or the new. */
export async function writeRootKeys(config: Config, set: RootKeySet): Promise<void> {
  const file = rootKeyFile(config);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writePrivateFile(file, formatRootKeys(set));
}
