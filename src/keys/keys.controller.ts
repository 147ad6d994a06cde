import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { AppError } from '../common/app-error';
import { KeyActs } from './key-acts';
import { KEY_KINDS, KeyRecord } from './key-record';
import { KeyRing } from './key-ring';
import { ROTATED_KINDS } from './key-rotation';
import { RootKeys } from './root-key';

const keyView = z.object({
  kind: z.enum(KEY_KINDS),
  tenant: z.string().nullable().describe('null: of the whole system'),
  number: z.number().int(),
  state: z
    .enum(['active', 'retired'])
    .describe('retired keys still verify what they signed and open what they wrapped'),
  createdAt: z.iso.datetime(),
  retiredAt: z.iso.datetime().nullable(),
  root: z.string().describe('id of the root key that wraps it'),
  publicKey: z.string().nullable().describe('base64 of the raw Ed25519 key, for checkpoint keys'),
});
export class KeyList extends createZodDto(
  z.object({
    items: z.array(keyView),
    nextCursor: z.string().nullable(),
    rootKeys: z
      .array(z.string())
      .describe('ids of the root keys; the first wraps, more are there during a rotation only'),
  }),
) {}
class KeyToRotate extends createZodDto(
  z.strictObject({
    kind: z
      .enum(['root', ...ROTATED_KINDS])
      .describe('`tenant` is the key of the tenant of the caller, or of X-Tenant'),
  }),
) {}
export class RotatedKey extends createZodDto(
  z.object({
    kind: z.enum(['root', ...ROTATED_KINDS]),
    tenant: z.string().nullable(),
    number: z.number().int().nullable().describe('the new key; null for the root key'),
    previous: z.number().int().nullable(),
    root: z.string().nullable().describe('id of the new root key'),
    retiredRoots: z.array(z.string()).describe('root keys that wrap nothing any more; older backups still need them'),
    rewrapped: z.number().int().describe('keys that the new root key wraps now'),
  }),
) {}

@ApiTags('keys')
@ApiBearerAuth()
@Requires('keys:manage')
@Controller('audit/api/keys')
export class KeysController {
  constructor(
    private readonly ring: KeyRing,
    private readonly roots: RootKeys,
    private readonly acts: KeyActs,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'List cryptographic keys',
    description: 'Those of the whole system and of the tenant, with what is public of them. Never a secret.',
  })
  @ApiOkResponse({ type: KeyList })
  async list(@Caller() caller: Principal): Promise<KeyList> {
    await this.ring.refresh();
    const all = [...(await this.ring.list(undefined, '')), ...(await this.ring.list(undefined, caller.tenant))];
    const rootKeys = this.roots.known.keys.map(({ id }) => id);
    return { items: all.map((record) => view(record, all)), nextCursor: null, rootKeys };
  }

  @Post('rotate')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Replace a key by a new one',
    description:
      'Old keys stay for what they signed and wrapped. All processes use the new one within two seconds. The root key is ' +
      'replaced when this answers; after a failure, doing it again goes on where it ended. Recorded as AUDIT_KEY_ROTATED.',
  })
  @ApiOkResponse({ type: RotatedKey })
  @ApiResponse({ status: 403, description: 'a key of the whole system, and the caller is bound to a tenant' })
  @ApiResponse({ status: 409, description: 'a process does not know the new root key; the answer says what to do' })
  async rotate(@Body() { kind }: KeyToRotate, @Caller() caller: Principal): Promise<RotatedKey> {
    if (kind !== 'tenant' && !caller.system) {
      throw new AppError('FORBIDDEN', 403, `the ${kind} key is of the whole system: only a system key may replace it`);
    }
    if (kind === 'root') {
      const { root, retired, rewrapped } = await this.acts.rotateRoot(caller);
      return { kind, tenant: null, number: null, previous: null, root, retiredRoots: retired, rewrapped };
    }
    const { number, previous } = await this.acts.rotate(kind, caller);
    const tenant = kind === 'tenant' ? caller.tenant : null;
    return { kind, tenant, number, previous, root: null, retiredRoots: [], rewrapped: 0 };
  }
}

function view(record: KeyRecord, all: KeyRecord[]): z.infer<typeof keyView> {
  const { kind, tenant, number, createdAt, retiredAt, rootId, publicKey } = record;
  const replaced = all.some((other) => other.kind === kind && other.tenant === tenant && other.number > number);
  return {
    kind,
    tenant: tenant === '' ? null : tenant,
    number,
    state: replaced ? 'retired' : 'active',
    createdAt: new Date(createdAt).toISOString(),
    retiredAt: retiredAt === null ? null : new Date(retiredAt).toISOString(),
    root: rootId,
    publicKey: publicKey === '' ? null : publicKey,
  };
}
