import { Readable } from 'node:stream';
import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Caller, Principal, Requires } from '../access/principal';
import { AppError } from '../common/app-error';
import { LiveAlerts } from './live-alerts';

@ApiTags('alerts')
@ApiBearerAuth()
@Requires('alerts:read')
@Controller('audit/api/alerts/stream')
export class AlertStreamController {
  constructor(private readonly live: LiveAlerts) {}

  @Get()
  @ApiOperation({
    summary: 'Follow alerts live',
    description:
      'Server-sent events, named by the step: opened, escalated, acknowledged, resolved, reopened, commented, assigned. The ' +
      'data is the step with the alert right after it. With Last-Event-ID, what came since is sent first, of the latest 1000.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'the id of the last event seen; 0-0: all there are',
  })
  @ApiProduces('text/event-stream')
  @ApiResponse({
    status: 200,
    description: 'the stream',
    content: { 'text/event-stream': { example: 'id: 1795424000000-0\nevent: opened\ndata: {"kind":"opened"}\n\n' } },
  })
  @ApiResponse({ status: 503, description: 'the buffer is away, or too many streams are open' })
  async stream(
    @Headers('last-event-id') lastEventId: string | undefined,
    @Caller() caller: Principal,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const last = lastEventId === '' ? undefined : lastEventId;
    if (last !== undefined && !/^\d{1,15}-\d{1,10}$/.test(last)) {
      const message = 'must be the id of an event of this stream';
      throw new AppError('LAST_EVENT_ID_INVALID', 400, `Last-Event-ID ${message}`, {
        problems: [{ path: 'Last-Event-ID', message }],
      });
    }
    const stream = new AbortController();
    reply.raw.once('close', () => stream.abort());
    const texts = await this.live.follow(caller, last, stream);
    void reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .send(Readable.from(texts, { highWaterMark: 1 }));
  }
}
