import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { CONTENT_TYPES, fileName } from './report-mail';
import { FORMATS } from './report-record';
import { reportQuery } from './report-store';
import { ComplianceReport, ComplianceReportPage, ReportOrder, viewOf } from './reports.schema';
import { ReportsService } from './reports.service';

const downloadQuery = z.object({
  format: z.enum(FORMATS).optional().describe('the first that was asked for, by default'),
});
const uuid = { type: 'string', format: 'uuid' } as const;

@ApiTags('compliance')
@ApiBearerAuth()
@Controller('audit/api/compliance/reports')
export class ReportsController {
  constructor(private readonly reports: ReportsService) {}

  @Post('generate')
  @HttpCode(202)
  @Requires('reports:write')
  @ApiOperation({
    summary: 'Order a compliance report',
    description:
      'It is made in the background. Ask for it by its id until its state is finished or failed; then download it.',
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'the same key gives the same report for 24 hours',
  })
  @ApiResponse({ status: 202, description: 'it will be made', type: ComplianceReport })
  @ApiResponse({ status: 400, description: 'the period is empty or in the future, or the zone unknown' })
  @ApiResponse({ status: 409, description: 'the Idempotency-Key was used with another order' })
  async generate(
    @Body() order: ReportOrder,
    @Caller() caller: Principal,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ComplianceReport> {
    const status = await this.reports.order(caller, order, idempotencyKey);
    void reply.header('location', `/audit/api/compliance/reports/${status.record.id}`);
    return viewOf(status);
  }

  @Get()
  @Requires('reports:read')
  @ApiOperation({ summary: 'List reports, newest first' })
  @ApiQueryOf(reportQuery)
  @ApiOkResponse({ type: ComplianceReportPage })
  async list(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<ComplianceReportPage> {
    const { items, nextCursor } = await this.reports.list(caller.tenant, readQuery(reportQuery, raw));
    return { items: items.map(viewOf), nextCursor };
  }

  @Get(':id')
  @Requires('reports:read')
  @ApiOperation({ summary: 'Get a report: state, progress, hash, deliveries' })
  @ApiParam({ name: 'id', schema: uuid })
  @ApiOkResponse({ type: ComplianceReport })
  @ApiResponse({ status: 404, description: 'your tenant has no such report' })
  async get(@Param('id') id: string, @Caller() caller: Principal): Promise<ComplianceReport> {
    return viewOf(await this.reports.get(caller.tenant, id));
  }

  @Get(':id/download')
  @Requires('reports:read')
  @ApiOperation({ summary: 'Download a report', description: 'That it was read is recorded as an audit event.' })
  @ApiParam({ name: 'id', schema: uuid })
  @ApiQuery({ name: 'format', required: false, enum: FORMATS })
  @ApiProduces(...Object.values(CONTENT_TYPES))
  @ApiResponse({ status: 200, description: 'the file' })
  @ApiResponse({ status: 404, description: 'there is no such report, or not in this format' })
  @ApiResponse({ status: 409, description: 'it is not made yet, or could not be' })
  @ApiResponse({ status: 410, description: 'its retention has ended' })
  async download(
    @Param('id') id: string,
    @Query() raw: RawQuery,
    @Caller() caller: Principal,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { format: asked } = readQuery(downloadQuery, raw);
    const { record, format, content } = await this.reports.download(caller, id, asked);
    await reply
      .header('content-type', CONTENT_TYPES[format])
      .header('content-disposition', `attachment; filename="${fileName(caller.tenant, record.request, format)}"`)
      .header('cache-control', 'private, no-store')
      .header('x-content-hash', record.result?.contentHash ?? '')
      .send(content);
  }
}
