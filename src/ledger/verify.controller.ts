import { PassThrough } from 'node:stream';
import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
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
import { tenantOf } from './tiles.controller';
import { AppError } from '../common/app-error';
import { Bound, VerifyService } from './verify.service';
import { FAULT_KINDS, NOTE_KINDS } from './verify-report';

const bound = (what: string) =>
  z
    .union([z.number().int().min(0).max(Number.MAX_SAFE_INTEGER), z.iso.datetime({ offset: true })])
    .optional()
    .describe(`${what}: a leaf index, or a time of receipt`);
const hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits');

class NewVerification extends createZodDto(
  z.strictObject({
    from: bound('first event; default: the first of all'),
    to: bound('behind the last event; default: the newest checkpoint'),
    checkpoint: z
      .string()
      .max(4096)
      .optional()
      .describe('a checkpoint (note) got earlier, which the ledger must continue'),
    events: z
      .array(
        z.strictObject({
          id: z.string().max(64).nullable(),
          leafHash: hex,
          leafIndex: z.number().int().min(0).nullable(),
        }),
      )
      .max(50_000)
      .optional()
      .describe('events that the ledger must hold, by receipts or an export'),
  }),
) {}

const finding = {
  leafIndex: z.number().int().nullable(),
  eventId: z.string().nullable().describe('null where nobody can know it: ledgers hold hashes only'),
  detail: z.string(),
  columns: z.array(z.string()).optional().describe('those that differ from the envelope'),
  reference: z.string().optional().describe('the manifest, tile or size of tree that it is about'),
};
const findings = <T extends readonly [string, ...string[]]>(kinds: T) =>
  z.object({
    total: z.number().int(),
    byKind: z.record(z.string(), z.number().int()),
    listed: z.array(z.object({ kind: z.enum(kinds), ...finding })).describe('the first thousand of each kind'),
  });

class VerificationReportView extends createZodDto(
  z.object({
    format: z.literal('mcp-audit-verification/1'),
    tenant: z.string(),
    sound: z.boolean(),
    kind: z.enum(['full', 'incremental']),
    from: z.number().int().describe('first leaf whose event was verified'),
    to: z.number().int().describe('behind the last'),
    size: z.number().int().describe('size of the tree up to which all hashes were recomputed'),
    checkpoint: z.string().nullable().describe('the newest checkpoint'),
    events: z.number().int().describe('events whose bytes were hashed again'),
    signatures: z.number().int(),
    checkpoints: z.number().int(),
    tiles: z.number().int(),
    waiting: z.number().int().describe('stored events that are not sealed yet'),
    faults: findings(FAULT_KINDS),
    notes: findings(NOTE_KINDS).describe('what is as it should be, and worth knowing'),
    manifests: z.array(
      z.object({
        ...{ id: z.string(), retention: z.string(), horizon: z.string(), leaves: z.number().int() },
        ...{ body: z.string(), publicKey: z.string(), signature: z.string() },
      }),
    ),
    startedAt: z.iso.datetime(),
    finishedAt: z.iso.datetime(),
  }),
) {}

const EXAMPLE = '{"progress":{"done":250000,"total":1000000}}\n{"id":"…","report":{"sound":true}}\n';

@ApiTags('ledger')
@ApiBearerAuth()
@Requires('ledger:read')
@Controller('audit/api/ledger/:tenant/verifications')
export class VerifyController {
  constructor(private readonly verifications: VerifyService) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Verify a ledger',
    description:
      'Recomputes every hash from the stored bytes, compares all columns with them, checks signatures, tree, tiles and checkpoints. ' +
      'Answers with lines of JSON: progress, and at last `{id, report}`, or `{error}` if it could not be carried out. ' +
      'The report is kept and the act recorded. One runs at a time.',
  })
  @ApiProduces('application/x-ndjson')
  @ApiResponse({
    status: 200,
    description: 'progress and report',
    content: { 'application/x-ndjson': { example: EXAMPLE } },
  })
  @ApiResponse({ status: 422, description: 'the checkpoint is none of this ledger' })
  @ApiResponse({ status: 429, description: 'another verification is running' })
  async verify(
    @Param('tenant') tenant: string,
    @Body() body: NewVerification,
    @Caller() caller: Principal,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const name = tenantOf(tenant, caller);
    const { checkpoint, events } = body;
    this.verifications.assertIdle();
    const request = await this.verifications.prepare(name, {
      ...{ from: boundOf(body.from), to: boundOf(body.to) },
      ...(checkpoint !== undefined && { checkpoint }),
      ...(events && { receipts: events }),
    });
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const lines = new PassThrough();
    const say = (line: object) => lines.write(`${JSON.stringify(line)}\n`);
    void reply.header('content-type', 'application/x-ndjson').header('cache-control', 'no-store').send(lines);
    try {
      say(await this.verifications.run(name, request, caller, (progress) => say({ progress }), gone.signal));
    } catch (error) {
      const { code, message } = error instanceof AppError ? error : new AppError('VERIFY_FAILED', 503, explain(error));
      say({ error: { code, message } });
    } finally {
      lines.end();
    }
  }

  @Get(':id')
  @ApiOperation({ summary: 'The report of a verification' })
  @ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' } })
  @ApiOkResponse({ type: VerificationReportView })
  @ApiResponse({ status: 404, description: 'there is none of this id' })
  report(
    @Param('tenant') tenant: string,
    @Param('id') id: string,
    @Caller() caller: Principal,
  ): Promise<VerificationReportView> {
    return this.verifications.get(tenantOf(tenant, caller), id);
  }
}

const boundOf = (value: number | string | undefined): Bound =>
  value === undefined ? undefined : typeof value === 'number' ? { leaf: value } : { time: Date.parse(value) };

const explain = (error: unknown) =>
  `the ledger could not be verified: ${error instanceof Error ? error.message : String(error)}; try again`;
