import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { AppError } from '../common/app-error';
import { eventItem } from '../search/event-item';
import { EventFilter, eventFilter, exportQuery, listQuery, revealing, word } from '../search/event-query';
import { EventReader } from '../search/event-reader';
import { FORMATS } from '../search/export-format';
import { ExportService } from '../search/export.service';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { RevealService, withSealedNames } from '../search/reveal.service';

const about = {
  resourceType: word(128)
    .meta({ description: 'Kind of the resource; with resourceId', examples: ['shipment'] })
    .optional(),
  resourceId: word(1024)
    .meta({ description: 'The resource; with resourceType', examples: ['SHP-2041'] })
    .optional(),
  userId: word(512)
    .meta({
      description: 'Instead: the person who acted or whose data it is about; an id, or a reference (sub_…)',
      examples: ['u-1029'],
    })
    .optional(),
  from: eventFilter.shape.from,
  to: eventFilter.shape.to,
};
const lineageQuery = z.object({
  ...about,
  limit: listQuery.shape.limit,
  cursor: listQuery.shape.cursor,
  order: listQuery.shape.order.unwrap().default('asc').meta({ description: 'By occurredAt, then id' }),
  ...revealing,
});
const lineageExportQuery = z.object({
  ...about,
  ...revealing,
  format: exportQuery.shape.format,
  proofs: exportQuery.shape.proofs,
});

class LineagePage extends createZodDto(
  z.object({
    items: z.array(eventItem),
    nextCursor: z.string().nullable().describe('Give it as `cursor` to go on; null on the last page'),
  }),
) {}

/** All that happened to one resource or one person, in order. */
@ApiTags('compliance')
@ApiBearerAuth()
@Controller('audit/api/compliance/lineage')
export class LineageController {
  constructor(
    private readonly reader: EventReader,
    private readonly exports: ExportService,
    private readonly reveals: RevealService,
  ) {}

  @Get()
  @Requires('reports:read')
  @ApiOperation({ summary: 'All that happened to one resource, or by and to one person, oldest first' })
  @ApiQueryOf(lineageQuery)
  @ApiOkResponse({ type: LineagePage })
  @ApiResponse({ status: 400, description: 'neither a resource nor a person is named, or both are' })
  @ApiResponse({ status: 403, description: 'reveal without the permission events:reveal' })
  async page(
    @Query() raw: RawQuery,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LineagePage> {
    const { reveal, reason, limit, cursor, order, ...named } = readQuery(lineageQuery, raw);
    const act = this.reveals.authorize(caller, reveal, reason);
    const filter = filterOf(named);
    const { items, nextCursor } = await this.reader.list(caller.tenant, { ...filter, limit, cursor, order });
    if (!act) return { items: items.map(withSealedNames), nextCursor };
    void reply.header('cache-control', 'no-store');
    const described = await this.reader.describe(caller.tenant, filter);
    return { items: await this.reveals.items(act, items, described), nextCursor };
  }

  @Get('export')
  @Requires('events:export')
  @ApiOperation({
    summary: 'Export all that happened to one resource or person',
    description: 'The file is that of `GET /audit/api/events/export`, and recorded like it.',
  })
  @ApiQueryOf(lineageExportQuery)
  @ApiProduces(...Object.values(FORMATS).map((format) => format.contentType))
  @ApiResponse({ status: 200, description: 'the file' })
  @ApiResponse({ status: 400, description: 'neither a resource nor a person is named, or both are' })
  async export(@Query() raw: RawQuery, @Caller() caller: Principal, @Res() reply: FastifyReply): Promise<void> {
    const { format, proofs, reveal, reason, ...named } = readQuery(lineageExportQuery, raw);
    const act = this.reveals.authorize(caller, reveal, reason);
    const { id, fileName, contentType, ledger, body } = await this.exports.open(
      caller,
      { format, proofs },
      filterOf(named),
      act,
    );
    if (reply.raw.destroyed) body.destroy();
    void reply
      .header('content-type', contentType)
      .header('content-disposition', `attachment; filename="${fileName.replace('audit-', 'lineage-')}"`)
      .header('cache-control', 'no-store')
      .header('x-export-id', id)
      .header('x-ledger-checkpoint', Buffer.from(ledger.checkpoint ?? '').toString('base64'))
      .send(body);
  }
}

interface About {
  resourceType?: string | undefined;
  resourceId?: string | undefined;
  userId?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
}

/** @throws AppError 400 */
function filterOf({ resourceType, resourceId, userId, from, to }: About): EventFilter {
  const isResource = resourceType !== undefined && resourceId !== undefined;
  const isPart = resourceType !== undefined || resourceId !== undefined;
  if (userId !== undefined && !isPart) return { personId: [userId], from, to };
  if (userId === undefined && isResource) return { resourceType: [resourceType], resourceId: [resourceId], from, to };
  const path = userId === undefined && isPart ? (resourceType === undefined ? 'resourceType' : 'resourceId') : 'userId';
  const message =
    'lineage is of one resource (resourceType and resourceId) or of one person (userId): name one of them';
  throw new AppError('QUERY_INVALID', 400, message, { problems: [{ path, message }] });
}
