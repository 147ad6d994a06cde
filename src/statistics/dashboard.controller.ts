import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { createZodDto } from 'nestjs-zod';
import { Caller, Principal, Requires } from '../access/principal';
import { Clock } from '../common/clock';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { RevealService } from '../search/reveal.service';
import { spanOf, summaryQuery } from './analytics-query';
import { dashboardSummary } from './dashboard.schema';
import { revealKeys } from './reveal-keys';
import { SummaryReader } from './summary-reader';

class DashboardSummary extends createZodDto(dashboardSummary) {}

@ApiTags('analytics')
@ApiBearerAuth()
@Requires('events:read')
@Controller('audit/api/dashboard')
export class DashboardController {
  constructor(
    private readonly summary: SummaryReader,
    private readonly reveals: RevealService,
    private readonly clock: Clock,
  ) {}

  @Get('summary')
  @ApiOperation({
    summary: 'What happened, at a glance',
    description:
      'Totals with their trend against the period of the same length before, the largest users, addresses and resources ' +
      '(over a week or more: of whole days, see `parties`), unresolved alerts, indicators of compliance, and the state of the pipeline. Events are counted about five seconds after they are stored.',
  })
  @ApiQueryOf(summaryQuery)
  @ApiOkResponse({ type: DashboardSummary })
  @ApiResponse({ status: 400, description: 'a parameter is unknown or has a bad value' })
  @ApiResponse({ status: 403, description: 'reveal without the permission events:reveal' })
  async read(
    @Query() raw: RawQuery,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DashboardSummary> {
    const { reveal, reason, ...query } = readQuery(summaryQuery, raw);
    const act = this.reveals.authorize(caller, reveal, reason);
    const answer = await this.summary.read(caller.tenant, spanOf(query, this.clock.now()), query.timezone);
    if (!act) return answer;
    void reply.header('cache-control', 'no-store');
    return { ...answer, topUsers: await revealKeys(this.reveals, act, answer.topUsers, answer) };
  }
}
