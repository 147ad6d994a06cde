import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { eventItem } from './event-item';
import { countQuery, itemQuery, listQuery } from './event-query';
import { EventCount, EventPage, EventReader } from './event-reader';
import { ApiQueryOf, RawQuery, readQuery } from './query-parameters';
import { RevealService, withSealedNames } from './reveal.service';

class StoredEvent extends createZodDto(eventItem) {}
class StoredEventPage extends createZodDto(
  z.object({
    items: z.array(eventItem),
    nextCursor: z.string().nullable().describe('Give it as `cursor` to go on; null on the last page'),
  }),
) {}
class StoredEventCount extends createZodDto(
  z
    .object({
      total: z.number().int().describe('All events that match, also those outside the groups shown'),
      groups: z
        .array(
          z.object({
            key: z.string().nullable().describe('null: events without this field'),
            count: z.number().int(),
          }),
        )
        .optional(),
    })
    .meta({ examples: [{ total: 384, groups: [{ key: '183.62.140.253', count: 286 }] }] }),
) {}

@ApiTags('events')
@ApiBearerAuth()
@Requires('events:read')
@Controller('audit/api/events')
export class EventsController {
  constructor(
    private readonly reader: EventReader,
    private readonly reveals: RevealService,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Search events',
    description:
      'Events of your tenant that match every filter given, by time. An event can be found about a second after its 202.',
  })
  @ApiQueryOf(listQuery)
  @ApiOkResponse({ type: StoredEventPage })
  @ApiResponse({ status: 400, description: 'a parameter is unknown or has a bad value' })
  @ApiResponse({ status: 403, description: 'reveal without the permission events:reveal' })
  @ApiResponse({ status: 504, description: 'the search took too long: narrow the time range' })
  async list(
    @Query() query: RawQuery,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EventPage> {
    const { reveal, reason, ...filter } = readQuery(listQuery, query);
    const act = this.reveals.authorize(caller, reveal, reason);
    const { items, nextCursor } = await this.reader.list(caller.tenant, filter);
    if (!act) return { items: items.map(withSealedNames), nextCursor };
    void reply.header('cache-control', 'no-store');
    const described = await this.reader.describe(caller.tenant, filter);
    return { items: await this.reveals.items(act, items, described), nextCursor };
  }

  @Get('count')
  @ApiOperation({
    summary: 'Count events',
    description:
      'How many events match, and with `groupBy` how they spread: the ten addresses with most failed logins.',
  })
  @ApiQueryOf(countQuery)
  @ApiOkResponse({ type: StoredEventCount })
  @ApiResponse({ status: 400, description: 'a parameter is unknown or has a bad value' })
  @ApiResponse({ status: 403, description: 'reveal without the permission events:reveal' })
  @ApiResponse({ status: 504, description: 'the count took too long: narrow the time range' })
  async count(
    @Query() query: RawQuery,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EventCount> {
    const { reveal, reason, ...filter } = readQuery(countQuery, query);
    const act = this.reveals.authorize(caller, reveal, reason);
    const count = await this.reader.count(caller.tenant, filter);
    if (!act || filter.groupBy !== 'userId' || !count.groups) return count;
    void reply.header('cache-control', 'no-store');
    const references = count.groups.flatMap(({ key }) => key ?? []);
    const ids = await this.reveals.ids(act, references, await this.reader.describe(caller.tenant, filter));
    return { ...count, groups: count.groups.map((g) => ({ ...g, key: ids.get(g.key ?? '') ?? g.key })) };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Get one event' })
  @ApiQueryOf(itemQuery)
  @ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' }, example: '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12' })
  @ApiHeader({ name: 'If-None-Match', required: false, description: 'the ETag of an answer before' })
  @ApiOkResponse({ type: StoredEvent, headers: { ETag: { schema: { type: 'string' } } } })
  @ApiResponse({ status: 304, description: 'it is the one you have' })
  @ApiResponse({ status: 404, description: 'your tenant has no such event' })
  async get(
    @Param('id') id: string,
    @Query() query: RawQuery,
    @Headers('if-none-match') known: string | undefined,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StoredEvent | undefined> {
    const { reveal, reason } = readQuery(itemQuery, query);
    const act = this.reveals.authorize(caller, reveal, reason);
    const item = await this.reader.get(caller.tenant, id);
    if (act) {
      void reply.header('cache-control', 'no-store');
      return (await this.reveals.items(act, [item], { id }))[0];
    }
    const etag = `"${item.checksum}"`;
    void reply.header('etag', etag).header('cache-control', 'private, no-cache');
    if (known?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)) {
      void reply.status(304);
      return undefined;
    }
    return withSealedNames(item);
  }
}
