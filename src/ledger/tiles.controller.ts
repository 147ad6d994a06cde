import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Controller, Get, Header, Headers, Param, Res } from '@nestjs/common';
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
import { Caller, Principal, Requires } from '../access/principal';
import { AppError } from '../common/app-error';
import { LedgerReader } from './ledger-reader';
import { parseTilePath } from './tiles';

/** What a checkpoint covers never changes, but only the tenant may keep it. */
const FOR_EVER = 'private, max-age=31536000, immutable';

/** A ledger as C2SP tlog-tiles has it, below the prefix `/audit/api/ledger/<tenant>`. */
@ApiTags('ledger')
@ApiBearerAuth()
@Requires('ledger:read')
@Controller('audit/api/ledger/:tenant')
export class TilesController {
  constructor(private readonly reader: LedgerReader) {}

  @Get('checkpoint')
  @Header('content-type', 'text/plain; charset=utf-8')
  @Header('cache-control', 'private, no-cache')
  @ApiOperation({
    summary: 'Newest checkpoint of a ledger',
    description: 'As in C2SP tlog-tiles: a signed note with the size and the root of the tree.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' } })
  @ApiResponse({ status: 404, description: 'nothing is sealed yet' })
  async checkpoint(@Param('tenant') tenant: string, @Caller() caller: Principal): Promise<string> {
    return (await this.reader.checkpoint(tenantOf(tenant, caller))).note;
  }

  @Get('tile/*')
  @ApiOperation({
    summary: 'Tile or bundle of entries of a ledger',
    description:
      'As in C2SP tlog-tiles: `<level>/<index>[.p/<width>]` gives hashes of 32 bytes, `entries/<index>[.p/<width>]` entries behind their ' +
      'length of 16 bits, packed with gzip if the client takes that. An entry is the envelope of an event. Events that retention has removed have no entries.',
  })
  @ApiParam({ name: 'path', example: '0/x001/x234/067.p/17' })
  @ApiProduces('application/octet-stream')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  @ApiResponse({ status: 404, description: 'the tree has no such tile, or its entries are no longer kept' })
  async tile(
    @Param('tenant') tenant: string,
    @Param('*') path: string,
    @Headers('accept-encoding') accepted: string | undefined,
    @Caller() caller: Principal,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const name = parseTilePath(path);
    if (!name) throw new AppError('TILE_NOT_FOUND', 404, `"tile/${path.slice(0, 100)}" is no path of a tile`);
    const bytes = await this.reader.tile(tenantOf(tenant, caller), name);
    void reply.header('content-type', 'application/octet-stream').header('cache-control', FOR_EVER);
    // Hashes do not shrink; envelopes do, to a fifth.
    if (name.level !== 'entries') return void (await reply.send(bytes));
    void reply.header('vary', 'accept-encoding');
    if (!acceptsGzip(accepted)) return void (await reply.send(bytes));
    await reply.header('content-encoding', 'gzip').send(await zip(bytes));
  }
}

const zip = promisify(gzip);

/** Whether an Accept-Encoding names gzip with a weight above 0. */
export function acceptsGzip(header: string | undefined): boolean {
  return /(?:^|,)\s*gzip\s*(?:;\s*q=(?:1|0?\.\d*[1-9])[^,]*)?(?:,|$)/i.test(header ?? '');
}

/** The tenant in the path, if the caller may read its ledger. */
export function tenantOf(tenant: string, caller: Principal): string {
  if (tenant === caller.tenant || caller.system) return tenant;
  throw new AppError('FORBIDDEN', 403, `this key is bound to the tenant ${caller.tenant}`);
}
