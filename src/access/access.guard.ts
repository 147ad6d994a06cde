import { CanActivate, ExecutionContext, Injectable, Logger } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { ApiKeyRecord, isInForce, isValid, parseApiKey } from './api-key';
import { ApiKeyCache } from './api-key-cache';
import { isAllowed, Permission } from './permissions';
import { Principal, PUBLIC, REQUIRED_PERMISSION } from './principal';
import { mayBeForged, presentedSession } from './session-cookie';
import { Sessions } from './sessions';
import { isTenantName, TENANT_RULE } from './tenant';

interface Credentials {
  record: Pick<ApiKeyRecord, 'id' | 'name' | 'tenant' | 'roles' | 'system'>;
  session?: string;
}

/** Answers "who is this, for which tenant, and may they?" before any handler runs. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly log = new Logger('Access');

  constructor(
    private readonly reflector: Reflector,
    private readonly cache: ApiKeyCache,
    private readonly clock: Clock,
    private readonly sessions: Sessions,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC, targets)) return true;
    const permission = this.reflector.getAllAndOverride<Permission | undefined>(REQUIRED_PERMISSION, targets);
    if (!permission) throw new Error(`${context.getClass().name}.${context.getHandler().name} names no permission`);
    const request = context.switchToHttp().getRequest<FastifyRequest & { principal: Principal }>();
    const principal = await this.authenticate(request);
    if (!isAllowed(principal.roles, permission)) {
      this.log.warn(`key ${principal.keyId} of tenant ${principal.tenant} was refused ${permission}`);
      throw new AppError(
        'FORBIDDEN',
        403,
        `this needs the permission ${permission}, which the roles of this key (${principal.roles.join(', ')}) do not give`,
      );
    }
    request.principal = principal;
    return true;
  }

  private async authenticate(request: FastifyRequest): Promise<Principal> {
    const { record, session } = await this.credentialsOf(request);
    return {
      keyId: record.id,
      name: record.name,
      tenant: tenantOf(request, record.tenant, record.system),
      roles: record.roles,
      system: record.system,
      ...(session !== undefined && { session }),
    };
  }

  /** The key's record and, of a browser, the session. A key goes before a session. */
  private async credentialsOf(request: FastifyRequest): Promise<Credentials> {
    const presented = presentedKey(request);
    const session = presentedSession(request.headers);
    if (presented === undefined && session !== undefined) return this.credentialsOfSession(request, session);
    const parts = presented === undefined ? undefined : parseApiKey(presented);
    const record = parts && (await this.cache.find(parts.id));
    if (parts && record && isValid(record, parts.secret, this.clock.now())) return { record };
    throw new AppError(
      'UNAUTHENTICATED',
      401,
      presented === undefined
        ? 'send an API key as "Authorization: Bearer …" or "X-API-Key: …"'
        : 'the API key is unknown, expired or revoked',
    );
  }

  private async credentialsOfSession(request: FastifyRequest, session: string): Promise<Credentials> {
    if (mayBeForged(request)) {
      throw new AppError('FORBIDDEN', 403, 'a write with the session cookie needs the header X-Audit-Console: 1');
    }
    const open = await this.sessions.use(session);
    if (open?.person) return { record: { id: open.keyId, ...open.person, system: false }, session };
    const record = open && (await this.cache.find(open.keyId));
    if (record && isInForce(record, this.clock.now())) return { record, session };
    throw new AppError('UNAUTHENTICATED', 401, 'the session has ended; sign in again');
  }
}

/** As a bearer token, in X-API-Key, or as the password of Basic, for tools that know nothing but a URL. */
function presentedKey(request: FastifyRequest): string | undefined {
  const header = request.headers['x-api-key'];
  if (typeof header === 'string') return header;
  const [, scheme = '', value = ''] = /^(Bearer|Basic) (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (scheme.toLowerCase() !== 'basic') return value === '' ? undefined : value;
  return /^[^:]*:(.*)$/s.exec(Buffer.from(value, 'base64').toString())?.[1];
}

function tenantOf(request: FastifyRequest, own: string, system: boolean): string {
  const asked = request.headers['x-tenant'];
  if (asked === undefined || asked === own) return own;
  if (typeof asked !== 'string' || !isTenantName(asked))
    throw new AppError('TENANT_INVALID', 400, `X-Tenant: ${TENANT_RULE}`);
  if (!system)
    throw new AppError(
      'FORBIDDEN',
      403,
      `this key is bound to the tenant ${own}; only a system key may name another in X-Tenant`,
    );
  return asked;
}
