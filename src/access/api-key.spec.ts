import { ApiKeyRecord, isValid, makeApiKey, parseApiKey } from './api-key';
import { isAllowed, PERMISSIONS } from './permissions';
import { isTenantName } from './tenant';

function issue(overrides: Partial<ApiKeyRecord> = {}): { record: ApiKeyRecord; secret: string; key: string } {
  const { key, id, hash } = makeApiKey();
  const record: ApiKeyRecord = {
    ...{ id, hash, tenant: 'acme', name: 'n', roles: ['viewer'], system: false, createdBy: 'x' },
    ...{ createdAt: 0, expiresAt: null, revokedAt: null, version: 1 },
    ...overrides,
  };
  return { record, key, secret: parseApiKey(key)?.secret ?? '' };
}

describe('an API key', () => {
  it('is accepted with its own secret', () => {
    const { record, secret } = issue();
    expect(isValid(record, secret, 1000)).toBe(true);
  });

  it('is refused with the secret of another', () => {
    expect(isValid(issue().record, issue().secret, 1000)).toBe(false);
  });

  it('is refused from the moment it expires', () => {
    const { record, secret } = issue({ expiresAt: 1000 });
    expect(isValid(record, secret, 999)).toBe(true);
    expect(isValid(record, secret, 1000)).toBe(false);
  });

  it('is refused once revoked', () => {
    const { record, secret } = issue({ revokedAt: 5 });
    expect(isValid(record, secret, 1)).toBe(false);
  });

  it('carries 256 random bits and never repeats', () => {
    const keys = new Set(Array.from({ length: 100 }, () => makeApiKey().key));
    expect(keys.size).toBe(100);
    const [key] = keys;
    expect(Buffer.from(parseApiKey(key ?? '')?.secret ?? '', 'base64url')).toHaveLength(32);
  });

  it.each(['', 'mak_', 'mak_xyz_abc', 'Bearer x', 'mak_0123456789ab_short'])('has a form that %j has not', (text) => {
    expect(parseApiKey(text)).toBeUndefined();
  });
});

describe('roles', () => {
  it('let a sender write and nothing else', () => {
    expect(PERMISSIONS.filter((p) => isAllowed(['ingest'], p))).toEqual(['events:write']);
  });

  it('keep personal data and erasure from analysts, and give them to officers', () => {
    expect(isAllowed(['analyst'], 'events:reveal')).toBe(false);
    expect(isAllowed(['analyst'], 'privacy:erase')).toBe(false);
    expect(isAllowed(['officer'], 'events:reveal')).toBe(true);
    expect(isAllowed(['officer'], 'privacy:erase')).toBe(true);
  });

  it('keep keys from everyone but administrators', () => {
    expect(isAllowed(['ingest', 'viewer', 'analyst', 'officer'], 'apikeys:manage')).toBe(false);
    expect(isAllowed(['admin'], 'apikeys:manage')).toBe(true);
  });
});

describe('a tenant name', () => {
  it.each(['a', 'acme', 'acme-eu_1', '0x'])('may be %s', (name) => expect(isTenantName(name)).toBe(true));
  it.each(['', 'Acme', '-a', 'a:b', 'a/b', 'a'.repeat(64), 'é'])('may not be %j', (name) =>
    expect(isTenantName(name)).toBe(false),
  );
});
