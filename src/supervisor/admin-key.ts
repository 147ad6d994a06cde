import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiKeysService } from '../access/api-keys.service';
import { DEFAULT_TENANT } from '../access/tenant';
import { writePrivateFile } from './secrets';

/** The file that holds the key of the first administrator: `<dataDir>/admin-api-key` (0600). */
export const adminKeyFile = (dataDir: string): string => join(dataDir, 'admin-api-key');

/**
 * Makes an administrator's key, a system key of the tenant `default`, unless its file is there.
 * @param when `none`: only while no system key exists at all, so that API processes on one store do not each make one
 */
export async function ensureAdminKey(apiKeys: ApiKeysService, dataDir: string, when: 'always' | 'none'): Promise<void> {
  const file = adminKeyFile(dataDir);
  if (existsSync(file)) return;
  if (when === 'none' && (await apiKeys.list(undefined)).some((key) => key.system && key.revokedAt === null)) return;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const { key } = await apiKeys.create({
    tenant: DEFAULT_TENANT,
    name: 'first administrator',
    roles: ['admin'],
    system: true,
    createdBy: 'system',
    expiresAt: null,
  });
  await writePrivateFile(file, `${key}\n`);
}
