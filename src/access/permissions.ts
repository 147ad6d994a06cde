/** What a key may be allowed to do. */
export const PERMISSIONS = [
  'events:write',
  'events:read',
  'events:export',
  'events:reveal',
  'alerts:read',
  'alerts:write',
  'rules:read',
  'rules:write',
  'reports:read',
  'reports:write',
  'privacy:erase',
  'holds:manage',
  'retention:read',
  'retention:manage',
  'ledger:read',
  'keys:manage',
  'apikeys:manage',
  'deadletters:manage',
  'metrics:read',
  'settings:manage',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const ROLES = ['ingest', 'viewer', 'analyst', 'officer', 'admin'] as const;
export type Role = (typeof ROLES)[number];

const viewer: Permission[] = [
  'events:read',
  'alerts:read',
  'rules:read',
  'reports:read',
  'ledger:read',
  'retention:read',
];
const analyst: Permission[] = [...viewer, 'events:export', 'alerts:write', 'rules:write'];
const officer: Permission[] = [...analyst, 'events:reveal', 'reports:write', 'privacy:erase', 'holds:manage'];

const GRANTED: Record<Role, readonly Permission[]> = {
  ingest: ['events:write'],
  viewer,
  analyst,
  officer,
  admin: PERMISSIONS,
};

export function isAllowed(roles: readonly Role[], permission: Permission): boolean {
  return roles.some((role) => GRANTED[role].includes(permission));
}

/** All that the roles give. */
export const permissionsOf = (roles: readonly Role[]): Permission[] =>
  PERMISSIONS.filter((permission) => isAllowed(roles, permission));
