import { Controller, Get, Header, Param, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { AppError } from '../common/app-error';
import { isUuid } from '../events/uuid';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { EventProof, LedgerReader } from './ledger-reader';
import { parseTilePath } from './tiles';

const number = (description: string) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .meta({ description });
const hash = z.string().meta({ description: 'hex', examples: ['5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960'] });

const consistencyQuery = z.object({
  from: number('Size of the older tree'),
  to: number('Size of the newer tree; default: that of the newest checkpoint').optional(),
});
const checkpointsQuery = z.object({
  from: number('Checkpoints of at least this size').optional(),
  limit: number('How many, 1 to 1000').pipe(z.number().min(1).max(1000)).optional(),
  cursor: z
    .string()
    .regex(/^\d{1,15}\.\d{1,15}$/, 'is not one that this API gave out')
    .optional()
    .meta({ description: 'Continues a list' }),
});

class ConsistencyProof extends createZodDto(
  z.object({ from: z.number().int(), to: z.number().int(), fromRoot: hash, toRoot: hash, proof: z.array(hash) }),
) {}
class LedgerKeys extends createZodDto(
  z.object({
    items: z.array(
      z.object({
        key: z.string().describe('a verifier key as tools for signed notes take it'),
        createdAt: z.iso.datetime(),
        retiredAt: z.iso.datetime().nullable(),
      }),
    ),
  }),
) {}
class CheckpointList extends createZodDto(
  z.object({
    items: z.array(z.object({ size: z.number().int(), signedAt: z.iso.datetime(), note: z.string() })),
    nextCursor: z.string().nullable(),
  }),
) {}
class InclusionProof extends createZodDto(
  z.object({
    format: z.literal('mcp-audit-proof/1'),
    tenant: z.string(),
    leafIndex: z.number().int(),
    leafHash: hash,
    inclusionProof: z.array(hash),
    envelope: z.string().describe('the bytes that were hashed and signed'),
    checksum: hash,
    keyId: z.number().int().nullable(),
    signature: hash.nullable(),
    checkpoint: z.string().describe('C2SP signed note'),
    publicKeys: z.array(z.string()),
  }),
) {}

/** What a checkpoint covers never changes, but only the tenant may keep it. */
const FOR_EVER = 'private, max-age=31536000, immutable';
const TEXT = 'text/plain; charset=utf-8';

@ApiTags('ledger')
@ApiBearerAuth()
@Requires('ledger:read')
@Controller('audit/api')
export class LedgerController {
  constructor(private readonly reader: LedgerReader) {}

  @Get('ledger/:tenant/checkpoint')
  @Header('content-type', TEXT)
  @Header('cache-control', 'private, no-cache')
  @ApiOperation({
    summary: 'Newest checkpoint of a ledger',
    description: 'As in C2SP tlog-tiles: a signed note with the size and the root of the tree.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' } })
  @ApiResponse({ status: 404, description: 'nothing is sealed yet' })
  async checkpoint(@Param('tenant') tenant: string, @Caller() caller: Principal): Promise<string> {
    return (await this.reader.checkpoint(allowed(tenant, caller))).note;
  }

  @Get('ledger/:tenant/tile/*')
  @ApiOperation({
    summary: 'Tile or bundle of entries of a ledger',
    description:
      'As in C2SP tlog-tiles: `<level>/<index>[.p/<width>]` gives hashes of 32 bytes, `entries/<index>[.p/<width>]` entries behind their ' +
      'length of 16 bits. An entry is the envelope of an event. Events that retention has removed have no entries.',
  })
  @ApiParam({ name: 'path', example: '0/x001/x234/067.p/17' })
  @ApiProduces('application/octet-stream')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  @ApiResponse({ status: 404, description: 'the tree has no such tile, or its entries are no longer kept' })
  async tile(
    @Param('tenant') tenant: string,
    @Param('*') path: string,
    @Caller() caller: Principal,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const name = parseTilePath(path);
    if (!name) throw new AppError('TILE_NOT_FOUND', 404, `"tile/${path.slice(0, 100)}" is no path of a tile`);
    const bytes = await this.reader.tile(allowed(tenant, caller), name);
    await reply.header('content-type', 'application/octet-stream').header('cache-control', FOR_EVER).send(bytes);
  }

  @Get('ledger/:tenant/consistency')
  @ApiOperation({ summary: 'Prove that a ledger only grew between two sizes' })
  @ApiQueryOf(consistencyQuery)
  @ApiOkResponse({ type: ConsistencyProof })
  @ApiResponse({ status: 400, description: 'no checkpoint covers these sizes' })
  consistency(@Param('tenant') tenant: string, @Query() query: RawQuery, @Caller() caller: Principal) {
    const { from, to } = readQuery(consistencyQuery, query);
    return this.reader.consistency(allowed(tenant, caller), from, to);
  }

  @Get('ledger/:tenant/keys')
  @ApiOperation({ summary: 'Public keys that sign and signed the checkpoints of a ledger' })
  @ApiOkResponse({ type: LedgerKeys })
  async keys(@Param('tenant') tenant: string, @Caller() caller: Principal): Promise<LedgerKeys> {
    return { items: await this.reader.publicKeys(allowed(tenant, caller)) };
  }

  @Get('ledger/:tenant/checkpoints')
  @ApiOperation({ summary: 'All checkpoints of a ledger, by size and time' })
  @ApiQueryOf(checkpointsQuery)
  @ApiOkResponse({ type: CheckpointList })
  async checkpoints(
    @Param('tenant') tenant: string,
    @Query() query: RawQuery,
    @Caller() caller: Principal,
  ): Promise<CheckpointList> {
    const { from = 0, limit = 100, cursor } = readQuery(checkpointsQuery, query);
    const [size = from, after = 0] = cursor?.split('.').map(Number) ?? [];
    const items = await this.reader.checkpoints(allowed(tenant, caller), size, after, limit + 1);
    const last = items[limit - 1];
    return {
      items: items
        .slice(0, limit)
        .map((c) => ({ size: c.size, signedAt: new Date(c.signedAt).toISOString(), note: c.note })),
      nextCursor: items.length > limit && last ? `${last.size}.${last.signedAt}` : null,
    };
  }

  @Get('events/:id/proof')
  @ApiOperation({
    summary: 'Prove one event',
    description:
      'All that is needed to check the event offline: its bytes, the path to the root, the signed checkpoint.',
  })
  @ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' } })
  @ApiOkResponse({ type: InclusionProof })
  @ApiResponse({ status: 404, description: 'your tenant has no such event' })
  @ApiResponse({ status: 409, description: 'it is not sealed yet; try again in a moment' })
  proof(@Param('id') id: string, @Caller() caller: Principal): Promise<EventProof> {
    if (!isUuid(id)) {
      throw new AppError('EVENT_ID_INVALID', 400, 'the id of an event is a UUID', {
        problems: [{ path: 'id', message: 'must be a UUID' }],
      });
    }
    return this.reader.proof(caller.tenant, id);
  }
}

/** The tenant in the path, if the caller may read its ledger. */
function allowed(tenant: string, caller: Principal): string {
  if (tenant === caller.tenant || caller.system) return tenant;
  throw new AppError('FORBIDDEN', 403, `this key is bound to the tenant ${caller.tenant}`);
}
