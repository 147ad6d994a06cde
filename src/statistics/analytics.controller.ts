import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { createZodDto } from 'nestjs-zod';
import { Caller, Principal, Requires } from '../access/principal';
import { Clock } from '../common/clock';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { RevealService } from '../search/reveal.service';
import { anomaliesQuery, firstSeenQuery, heatmapQuery, seriesQuery, spanOf, topQuery } from './analytics-query';
import { AnalyticsReader } from './analytics-reader';
import { anomaliesAnswer, firstSeenAnswer, heatmapAnswer, seriesAnswer, topAnswer } from './analytics.schema';
import { AnomalyFinder } from './anomaly-finder';
import { revealKeys } from './reveal-keys';

class EventSeries extends createZodDto(seriesAnswer) {}
class EventTop extends createZodDto(topAnswer) {}
class EventHeatmap extends createZodDto(heatmapAnswer) {}
class FirstSeen extends createZodDto(firstSeenAnswer) {}
class Anomalies extends createZodDto(anomaliesAnswer) {}

const DAY_MS = 86_400_000;

@ApiTags('analytics')
@ApiBearerAuth()
@Requires('events:read')
@ApiResponse({ status: 400, description: 'a parameter is unknown or has a bad value' })
@ApiResponse({ status: 504, description: 'it took too long: narrow the time range' })
@Controller('audit/api/analytics')
export class AnalyticsController {
  constructor(
    private readonly reader: AnalyticsReader,
    private readonly anomalies: AnomalyFinder,
    private readonly reveals: RevealService,
    private readonly clock: Clock,
  ) {}

  @Get('series')
  @ApiOperation({
    summary: 'Events over time',
    description:
      'Counts for each step of time, by the calendar of a time zone. Numbers are about five seconds behind the events.',
  })
  @ApiQueryOf(seriesQuery)
  @ApiOkResponse({ type: EventSeries })
  async series(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<EventSeries> {
    const query = readQuery(seriesQuery, raw);
    return this.reader.series(caller.tenant, spanOf(query, this.clock.now()), query);
  }

  @Get('top')
  @ApiOperation({
    summary: 'The users, addresses, resources or kinds of events with most events',
    description: 'Users are references; `reveal` shows who they are to those who may see it, and is recorded.',
  })
  @ApiQueryOf(topQuery)
  @ApiOkResponse({ type: EventTop })
  @ApiResponse({ status: 403, description: 'reveal without the permission events:reveal' })
  async top(
    @Query() raw: RawQuery,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EventTop> {
    const { reveal, reason, ...query } = readQuery(topQuery, raw);
    const act = this.reveals.authorize(caller, reveal, reason);
    const answer = await this.reader.top(caller.tenant, spanOf(query, this.clock.now()), query);
    if (!act || query.of !== 'user') return answer;
    void reply.header('cache-control', 'no-store');
    return { ...answer, items: await revealKeys(this.reveals, act, answer.items, answer) };
  }

  @Get('heatmap')
  @ApiOperation({ summary: 'Events by day of the week and hour' })
  @ApiQueryOf(heatmapQuery)
  @ApiOkResponse({ type: EventHeatmap })
  async heatmap(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<EventHeatmap> {
    const query = readQuery(heatmapQuery, raw);
    return this.reader.heatmap(caller.tenant, spanOf(query, this.clock.now()), query);
  }

  @Get('first-seen')
  @ApiOperation({
    summary: 'Users and addresses that appeared for the first time',
    description:
      'Latest first. What retention has removed is forgotten: somebody of whom no event is left is new again.',
  })
  @ApiQueryOf(firstSeenQuery)
  @ApiOkResponse({ type: FirstSeen })
  @ApiResponse({ status: 403, description: 'reveal without the permission events:reveal' })
  async firstSeen(
    @Query() raw: RawQuery,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FirstSeen> {
    const { reveal, reason, ...query } = readQuery(firstSeenQuery, raw);
    const act = this.reveals.authorize(caller, reveal, reason);
    const answer = await this.reader.firstSeen(caller.tenant, spanOf(query, this.clock.now()), query);
    if (!act || query.of !== 'user') return answer;
    void reply.header('cache-control', 'no-store');
    return { ...answer, items: await revealKeys(this.reveals, act, answer.items, answer) };
  }

  @Get('anomalies')
  @ApiOperation({
    summary: 'Hours with unusually many or few events',
    description:
      'Each hour is compared with the same hour of the week in the weeks before it: the score is its distance from their ' +
      'median, in robust standard deviations (median absolute deviation). Largest score first.',
  })
  @ApiQueryOf(anomaliesQuery)
  @ApiOkResponse({ type: Anomalies })
  async unusual(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<Anomalies> {
    const query = readQuery(anomaliesQuery, raw);
    return this.anomalies.find(caller.tenant, spanOf(query, this.clock.now(), 7 * DAY_MS, 31 * DAY_MS), query);
  }
}
