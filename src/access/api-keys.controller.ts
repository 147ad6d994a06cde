import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { AppError } from '../common/app-error';
import { SelfAudit } from '../ingest/self-audit';
import { ApiKeyRecord } from './api-key';
import { ApiKeysService } from './api-keys.service';
import { ROLES } from './permissions';
import { Caller, Principal, Requires } from './principal';
import { isTenantName, TENANT_RULE } from './tenant';

const newApiKey = z.strictObject({
  name: z.string().min(1).max(100).describe('what or who uses it').meta({ example: 'freight-api' }),
  roles: z
    .array(z.enum(ROLES))
    .min(1)
    .describe('what it may do')
    .meta({ example: ['ingest'] }),
  tenant: z.string().refine(isTenantName, TENANT_RULE).optional().describe('default: the tenant of the caller'),
  system: z.boolean().default(false).describe('may act for every tenant through X-Tenant'),
  expiresAt: z.iso.datetime({ offset: true }).optional().describe('default: never'),
});
class NewApiKey extends createZodDto(newApiKey) {}

const apiKeyView = z.object({
  id: z.string().meta({ example: '3f9c0d5b12ab' }),
  tenant: z.string().meta({ example: 'default' }),
  name: z.string(),
  roles: z.array(z.enum(ROLES)),
  system: z.boolean(),
  createdBy: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
});
export class ApiKey extends createZodDto(apiKeyView) {}
export class ApiKeyList extends createZodDto(
  z.object({ items: z.array(apiKeyView), nextCursor: z.string().nullable() }),
) {}
export class CreatedApiKey extends createZodDto(
  apiKeyView.extend({ key: z.string().describe('the key itself; shown this once') }),
) {}

@ApiTags('access')
@ApiBearerAuth()
@Requires('apikeys:manage')
@Controller('audit/api/api-keys')
export class ApiKeysController {
  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly selfAudit: SelfAudit,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Make an API key', description: 'The key is in this answer and nowhere else.' })
  @ApiCreatedResponse({ type: CreatedApiKey })
  async create(@Body() body: NewApiKey, @Caller() caller: Principal): Promise<CreatedApiKey> {
    const tenant = body.tenant ?? caller.tenant;
    if (!caller.system && (tenant !== caller.tenant || body.system)) {
      throw new AppError('FORBIDDEN', 403, 'only a system key may make keys of another tenant or system keys');
    }
    const expiresAt = body.expiresAt === undefined ? null : Date.parse(body.expiresAt);
    const { key, record } = await this.apiKeys.create({ ...body, tenant, expiresAt, createdBy: caller.keyId });
    await this.selfAudit.record(
      tenant,
      {
        eventType: 'AUDIT_API_KEY_CREATED',
        description: `API key ${record.id} was made`,
        context: { resourceType: 'apikey', resourceId: record.id },
        details: { name: record.name, roles: record.roles, system: record.system },
      },
      caller,
    );
    return { ...view(record), key };
  }

  @Get()
  @ApiOperation({ summary: 'List the API keys of the tenant; a system key without X-Tenant sees its own tenant' })
  @ApiOkResponse({ type: ApiKeyList })
  async list(@Caller() caller: Principal): Promise<ApiKeyList> {
    const records = await this.apiKeys.list(caller.tenant);
    return { items: records.map(view), nextCursor: null };
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Revoke an API key; it is refused everywhere within two seconds' })
  @ApiOkResponse({ type: ApiKey })
  async revoke(@Param('id') id: string, @Caller() caller: Principal): Promise<ApiKey> {
    const record = await this.apiKeys.revoke(caller.tenant, id);
    await this.selfAudit.record(
      caller.tenant,
      {
        eventType: 'AUDIT_API_KEY_REVOKED',
        description: `API key ${record.id} was revoked`,
        context: { resourceType: 'apikey', resourceId: record.id },
      },
      caller,
    );
    return view(record);
  }
}

function view(record: ApiKeyRecord): ApiKey {
  const { id, tenant, name, roles, system, createdBy } = record;
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return {
    ...{ id, tenant, name, roles, system, createdBy },
    createdAt: new Date(record.createdAt).toISOString(),
    expiresAt: iso(record.expiresAt),
    revokedAt: iso(record.revokedAt),
  };
}
