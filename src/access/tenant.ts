export const TENANT_RULE = 'a tenant is 1 to 63 lower-case letters, digits, - and _, starting with a letter or digit';

/** Whether `name` can name a tenant. Names go into Redis keys and ledger paths, so the alphabet is small. */
export function isTenantName(name: string): boolean {
  return /^[a-z0-9][a-z0-9_-]{0,62}$/.test(name);
}

/** The tenant of the first administrator; its log also tells of what concerns the system as a whole. */
export const DEFAULT_TENANT = 'default';
