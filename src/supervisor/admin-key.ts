import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ApiKeysService } from '../access/api-keys.service';
import { writePrivateFile } from './secrets';

export const DEFAULT_TENANT = 'default';

/** The file that holds the key of the first administrator: `<dataDir>/admin-api-key` (0600). */
export const adminKeyFile = (dataDir: string): string => join(dataDir, 'admin-api-key');

/** Makes the first administrator's key, a system key of the tenant `default`, unless its file is there. */
export async function ensureAdminKey(apiKeys: ApiKeysService, dataDir: string): Promise<void> {
  const file = adminKeyFile(dataDir);
  if (existsSync(file)) return;
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
