import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Caller, Principal, Requires } from '../access/principal';
import { exportQuery } from './event-query';
import { ExportService } from './export.service';
import { FORMATS } from './export-format';
import { ApiQueryOf, RawQuery, readQuery } from './query-parameters';
import { RevealService } from './reveal.service';

@ApiTags('events')
@ApiBearerAuth()
@Requires('events:export')
@Controller('audit/api/events/export')
export class ExportController {
  constructor(
    private readonly exports: ExportService,
    private readonly reveals: RevealService,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Export events',
    description:
      'All events that match, oldest first, as a file of any size. JSON and NDJSON hold the envelopes byte for byte, ' +
      'with leaf index, leaf hash, checksum and signature (with reveal, instead, the events as they were before sealing). ' +
      '`underCheckpoint` is false for events that the checkpoint named with the export does not cover yet. The last line of NDJSON is ' +
      'no event but `{"ledger":{…}}`, with that checkpoint and the public keys. Every export is recorded as AUDIT_EXPORT. ' +
      'If it fails on the way, the connection breaks: an answer that ends well is whole.',
  })
  @ApiQueryOf(exportQuery)
  @ApiProduces(...Object.values(FORMATS).map((format) => format.contentType))
  @ApiResponse({
    status: 200,
    description: 'the file',
    headers: {
      'Content-Disposition': { schema: { type: 'string' }, example: 'attachment; filename="audit-default.csv"' },
      'X-Ledger-Checkpoint': {
        schema: { type: 'string' },
        description: 'the checkpoint that the export is made under, base64 of the signed note; empty if there is none',
      },
      'X-Export-Id': { schema: { type: 'string' }, description: '`context.resourceId` of its AUDIT_EXPORT events' },
    },
  })
  @ApiResponse({ status: 400, description: 'a parameter is unknown or has a bad value' })
  @ApiResponse({ status: 403, description: 'reveal without the permission events:reveal' })
  @ApiResponse({ status: 503, description: 'the store, or the buffer that records the export, is away' })
  async export(@Query() query: RawQuery, @Caller() caller: Principal, @Res() reply: FastifyReply): Promise<void> {
    const { format, proofs, reveal, reason, ...filter } = readQuery(exportQuery, query);
    const act = this.reveals.authorize(caller, reveal, reason);
    const opened = await this.exports.open(caller, { format, proofs }, filter, act);
    const { id, fileName, contentType, ledger, body } = opened;
    if (reply.raw.destroyed) body.destroy();
    void reply
      .header('content-type', contentType)
      .header('content-disposition', `attachment; filename="${fileName}"`)
      .header('cache-control', 'no-store')
      .header('x-export-id', id)
      .header('x-ledger-checkpoint', Buffer.from(ledger.checkpoint ?? '').toString('base64'))
      .send(body);
  }
}
