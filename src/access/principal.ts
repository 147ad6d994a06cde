import { createParamDecorator, ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Permission, Role } from './permissions';

/** Who is calling: set by the AccessGuard on every request that is not public. */
export interface Principal {
  keyId: string;
  name: string;
  /** The tenant of this request: that of the key or, for a system key, the one named by the header X-Tenant. */
  tenant: string;
  roles: Role[];
  /** Bound to no single tenant. */
  system: boolean;
  /** Hash of the id of the browser's session that the request came with; absent for a key. */
  session?: string;
}

export const REQUIRED_PERMISSION = 'audit:permission';
export const PUBLIC = 'audit:public';

/** The permission that a route or controller needs. A route without it and without @Public() is refused at start-up. */
export const Requires = (permission: Permission) => SetMetadata(REQUIRED_PERMISSION, permission);
/** Open to anyone; for liveness and the API description only. */
export const Public = () => SetMetadata(PUBLIC, true);

/** Injects the caller into a controller's method. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  return context.switchToHttp().getRequest<FastifyRequest & { principal: Principal }>().principal;
});
