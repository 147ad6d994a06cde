import { Readable } from 'node:stream';
import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Caller, Principal, Requires } from '../access/principal';
import { AppError } from '../common/app-error';
import { eventFilter } from './event-query';
import { LiveEvents, STALLED } from './live-events';
import { ApiQueryOf, RawQuery, readQuery } from './query-parameters';

@ApiTags('events')
@ApiBearerAuth()
@Requires('events:read')
@Controller('audit/api/events/stream')
export class StreamController {
  constructor(private readonly live: LiveEvents) {}

  @Get()
  @ApiOperation({
    summary: 'Follow events live',
    description:
      'Server-sent events: the id is the leaf index, the data one event as JSON. Events come in the order of the ledger, ' +
      'without gaps. With Last-Event-ID everything behind it is sent first; -1 stands for the beginning.',
  })
  @ApiQueryOf(eventFilter)
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'the id of the last event seen' })
  @ApiProduces('text/event-stream')
  @ApiResponse({
    status: 200,
    description: 'the stream',
    content: { 'text/event-stream': { example: 'id: 4711\ndata: {"eventType":"LOGIN_FAILED","leafIndex":4711}\n\n' } },
  })
  @ApiResponse({ status: 503, description: 'the buffer is away, or too many streams are open' })
  async stream(
    @Query() query: RawQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Caller() caller: Principal,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const filter = readQuery(eventFilter, query);
    const last = readLast(lastEventId);
    // Whoever has left by now gets no stream, and will not say goodbye again.
    if (reply.raw.destroyed) return;
    const stream = new AbortController();
    reply.raw.once('close', () => stream.abort());
    const texts = await this.live.follow(caller, filter, last, stream);
    // One page at a time: what the reader does not take is not read.
    const body = Readable.from(texts, { highWaterMark: 1 });
    const cutOff = () => stream.signal.reason === STALLED && reply.raw.destroy();
    stream.signal.addEventListener('abort', cutOff, { once: true });
    void reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .send(body);
  }
}

function readLast(id: string | undefined): number | undefined {
  if (id === undefined || id === '') return undefined;
  if (/^(-1|\d{1,15})$/.test(id)) return Number(id);
  const message = 'must be the id of an event of this stream, which is a leaf index';
  throw new AppError('LAST_EVENT_ID_INVALID', 400, `Last-Event-ID ${message}`, {
    problems: [{ path: 'Last-Event-ID', message }],
  });
}
