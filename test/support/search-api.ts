import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiKeysService } from '../../src/access/api-keys.service';
import type { Role } from '../../src/access/permissions';
import { createApi } from '../../src/api';
import { OwnStores, ownStores } from './engines';

/** The API of this process on stores of its own, so that a test can put rows and Redis keys where it wants them. */
export interface OwnApi {
  stores: OwnStores;
  app: NestFastifyApplication;
  url: string;
  /** A request below /audit/api in the name of a tenant. */
  request: (tenant: string, path: string, init?: RequestInit & { role?: Role }) => Promise<Response>;
  get: <T>(tenant: string, path: string) => Promise<T>;
  close: () => Promise<void>;
}

export async function ownApi(env: Record<string, string> = {}): Promise<OwnApi> {
  const stores = await ownStores(env);
  const app = await createApi(stores.config);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const known = new Map<string, Promise<string>>();
  const keyOf = (tenant: string, role: Role): Promise<string> => {
    const made =
      known.get(`${tenant} ${role}`) ??
      app
        .get(ApiKeysService, { strict: false })
        .create({ tenant, name: role, roles: [role], system: false, createdBy: 'test', expiresAt: null })
        .then(({ key }) => key);
    known.set(`${tenant} ${role}`, made);
    return made;
  };
  const request: OwnApi['request'] = async (tenant, path, { role = 'analyst', ...init } = {}) =>
    fetch(`${url}/audit/api/${path}`, {
      ...init,
      headers: { authorization: `Bearer ${await keyOf(tenant, role)}`, ...(init.headers as Record<string, string>) },
    });
  return {
    stores,
    app,
    url,
    request,
    get: async <T>(tenant: string, path: string): Promise<T> => {
      const answer = await request(tenant, path);
      if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as T;
    },
    close: async () => {
      await app.close();
      await stores.close();
    },
  };
}
