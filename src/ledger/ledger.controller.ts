import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Header, Param, Query, StreamableFile } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Public, Requires } from '../access/principal';
import { AppError } from '../common/app-error';
import { isUuid } from '../events/uuid';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { EventProof, LedgerReader } from './ledger-reader';

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

export class ConsistencyProof extends createZodDto(
  z.object({ from: z.number().int(), to: z.number().int(), fromRoot: hash, toRoot: hash, proof: z.array(hash) }),
) {}
export class LedgerKeys extends createZodDto(
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
export class CheckpointList extends createZodDto(
  z.object({
    items: z.array(z.object({ size: z.number().int(), signedAt: z.iso.datetime(), note: z.string() })),
    nextCursor: z.string().nullable(),
  }),
) {}
export class LedgerState extends createZodDto(
  z.object({
    tenant: z.string(),
    origin: z.string().describe('name of the ledger in its checkpoints'),
    size: z.number().int().describe('events under the newest checkpoint'),
    waiting: z.number().int().describe('events that have a place in the ledger and are not sealed yet'),
    checkpoint: z
      .object({ size: z.number().int(), signedAt: z.iso.datetime(), note: z.string() })
      .nullable()
      .describe('null before the first event'),
    halted: z.string().nullable().describe('why the ledger is not sealed any further; null when all is well'),
    verification: z
      .object({
        id: z.string(),
        kind: z.enum(['incremental', 'full']),
        size: z.number().int().describe('size of the tree that was verified'),
        events: z.number().int().describe('events whose bytes were hashed again'),
        faults: z.number().int(),
        startedAt: z.iso.datetime(),
        finishedAt: z.iso.datetime(),
      })
      .nullable()
      .describe('the last verification; null when there was none'),
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

const VERIFIER = join(__dirname, 'verify-offline.cjs');

@ApiTags('ledger')
@ApiBearerAuth()
@Requires('ledger:read')
@Controller('audit/api')
export class LedgerController {
  constructor(private readonly reader: LedgerReader) {}

  @Get('ledger')
  @ApiOperation({
    summary: 'The state of your ledger',
    description: 'How far it is sealed, its newest checkpoint, and what the last verification found.',
  })
  @ApiOkResponse({ type: LedgerState })
  state(@Caller() caller: Principal): Promise<LedgerState> {
    return this.reader.state(caller.tenant);
  }

  @Get('ledger/verify-offline.cjs')
  @Public()
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('content-disposition', 'attachment; filename="verify-offline.cjs"')
  @ApiOperation({
    summary: 'The offline verifier',
    description:
      'One file for plain Node 18 or newer, which checks proofs and exports without the system. An auditor who does not trust ' +
      'this system reads it, or takes it from the source code.',
  })
  @ApiProduces('text/javascript')
  @ApiOkResponse({ schema: { type: 'string' } })
  verifier(): StreamableFile {
    return new StreamableFile(createReadStream(VERIFIER));
  }

  @Get('ledger/consistency')
  @ApiOperation({ summary: 'Prove that a ledger only grew between two sizes' })
  @ApiQueryOf(consistencyQuery)
  @ApiOkResponse({ type: ConsistencyProof })
  @ApiResponse({ status: 400, description: 'no checkpoint covers these sizes' })
  consistency(@Query() query: RawQuery, @Caller() caller: Principal) {
    const { from, to } = readQuery(consistencyQuery, query);
    return this.reader.consistency(caller.tenant, from, to);
  }

  @Get('ledger/keys')
  @ApiOperation({ summary: 'Public keys that sign and signed the checkpoints of a ledger' })
  @ApiOkResponse({ type: LedgerKeys })
  async keys(@Caller() caller: Principal): Promise<LedgerKeys> {
    return { items: await this.reader.publicKeys(caller.tenant) };
  }

  @Get('ledger/checkpoints')
  @ApiOperation({ summary: 'All checkpoints of a ledger, by size and time' })
  @ApiQueryOf(checkpointsQuery)
  @ApiOkResponse({ type: CheckpointList })
  async checkpoints(@Query() query: RawQuery, @Caller() caller: Principal): Promise<CheckpointList> {
    const { from = 0, limit = 100, cursor } = readQuery(checkpointsQuery, query);
    const [size = from, after = 0] = cursor?.split('.').map(Number) ?? [];
    const items = await this.reader.checkpoints(caller.tenant, size, after, limit + 1);
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
