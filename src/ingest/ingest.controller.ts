import { Body, Controller, Headers, Inject, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createZodDto } from 'nestjs-zod';
import { Caller, Principal, Requires } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { eventSchema } from '../events/event.schema';
import { mediaType, NDJSON_TYPES, RAW_BODY, releaseBody } from './body';
import { ingestQuery, ingestResult } from './ingest.schema';
import { IngestService } from './ingest.service';
import { TokenBuckets } from './rate-limit';

class AuditEvent extends createZodDto(eventSchema) {}
class IngestResult extends createZodDto(ingestResult) {}
class IngestQueryDto extends createZodDto(ingestQuery) {}

@ApiTags('events')
@ApiBearerAuth()
@ApiExtraModels(AuditEvent)
@Controller('audit/api/events')
export class IngestController {
  private readonly buckets: TokenBuckets | undefined;

  constructor(
    private readonly service: IngestService,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
  ) {
    const { rateLimit } = config.ingest;
    this.buckets = rateLimit > 0 ? new TokenBuckets(rateLimit) : undefined;
  }

  @Post()
  @Requires('events:write')
  @RouteConfig(RAW_BODY)
  @ApiOperation({
    summary: 'Send events',
    description:
      'One event, an array of events, or NDJSON; gzip is welcome. The answer comes when the good events are durable: ' +
      '202 if all are good, 207 if some are, 422 if none is. After a 503 sending again is safe with an ' +
      'Idempotency-Key or with ids of your own.',
  })
  @ApiConsumes('application/json', 'application/x-ndjson')
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'makes the request repeatable for 24 hours' })
  @ApiBody({
    schema: {
      oneOf: [
        { $ref: getSchemaPath(AuditEvent) },
        { type: 'array', minItems: 1, items: { $ref: getSchemaPath(AuditEvent) } },
      ],
    },
  })
  @ApiResponse({ status: 202, description: 'all events are durable', type: IngestResult })
  @ApiResponse({ status: 207, description: 'some events are durable, others were rejected', type: IngestResult })
  @ApiResponse({ status: 422, description: 'no item was a valid event', type: IngestResult })
  async send(
    @Body() body: Buffer | undefined,
    @Query() query: IngestQueryDto,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Caller() caller: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<IngestResult> {
    this.limitRate(caller, reply);
    const answer = await this.service.ingest({
      tenant: caller.tenant,
      body: body ?? Buffer.alloc(0),
      ndjson: NDJSON_TYPES.includes(mediaType(request)),
      receipts: query.receipts,
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    });
    void reply.status(answer.status);
    if (body) releaseBody(body);
    if (answer.replayed) void reply.header('idempotent-replayed', 'true');
    return answer.result;
  }

  private limitRate(caller: Principal, reply: FastifyReply): void {
    if (!this.buckets) return;
    const { allowed, remaining, seconds } = this.buckets.take(caller.keyId, this.clock.now());
    void reply.header('ratelimit-policy', `"key";q=${this.buckets.perMinute};w=60`);
    void reply.header('ratelimit', `"key";r=${remaining};t=${seconds}`);
    if (allowed) return;
    throw new AppError('RATE_LIMITED', 429, `this API key may send ${this.buckets.perMinute} requests a minute`, {
      retryAfter: seconds,
    });
  }
}
