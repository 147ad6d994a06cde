import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { HoldsService } from './holds.service';
import type { LegalHold as Hold } from './legal-hold';

const time = (description: string) => z.iso.datetime({ offset: true }).optional().describe(description);

const newHold = z
  .strictObject({
    id: z.uuid().optional().describe('makes it harmless to send this twice; default: a new one'),
    name: z.string().min(1).max(200).describe('how people call it; kept in plain').meta({ example: 'Case 2026-118' }),
    reason: z.string().min(1).max(2000).describe('why; kept in plain, so name no person'),
    subjectId: z.string().min(1).max(512).optional().describe('only events of this person; default: of anyone'),
    eventTypes: z.array(z.string().min(1).max(64)).max(100).default([]).describe('only these types; default: all'),
    resourceType: z.string().min(1).max(128).optional().describe('only this kind of resource'),
    resourceId: z.string().min(1).max(1024).optional().describe('only this resource'),
    from: time('only events that occurred at or after this time'),
    to: time('only events that occurred before this time'),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || Date.parse(from) < Date.parse(to), {
    path: ['to'],
    error: 'must be later than from',
  });
class NewLegalHold extends createZodDto(newHold) {}
class Release extends createZodDto(
  z.strictObject({ reason: z.string().min(1).max(2000).describe('why; kept in plain, so name no person') }),
) {}

const holdView = z.object({
  id: z.string(),
  name: z.string(),
  reason: z.string(),
  subjects: z.array(z.string()).describe('references of the person held; empty: anyone'),
  eventTypes: z.array(z.string()),
  resourceType: z.string().nullable(),
  resourceId: z.string().nullable(),
  from: z.iso.datetime().nullable(),
  to: z.iso.datetime().nullable(),
  placedBy: z.string(),
  placedAt: z.iso.datetime(),
  releasedBy: z.string().nullable(),
  releasedAt: z.iso.datetime().nullable(),
});
const countedHold = holdView.extend({ events: z.number().int().describe('stored events that it covers now') });
export class LegalHold extends createZodDto(countedHold) {}
export class LegalHoldList extends createZodDto(
  z.object({ items: z.array(holdView), nextCursor: z.string().nullable() }),
) {}

@ApiTags('privacy')
@ApiBearerAuth()
@Requires('holds:manage')
@Controller('audit/api/privacy/holds')
export class HoldsController {
  constructor(private readonly holds: HoldsService) {}

  @Post()
  @ApiOperation({
    summary: 'Place a legal hold',
    description:
      'What it covers is neither removed by retention nor made unreadable by an erasure until it is released. ' +
      'Everything that is given narrows it; nothing given holds the whole tenant.',
  })
  @ApiCreatedResponse({ type: LegalHold })
  @ApiResponse({ status: 503, description: 'events are being removed right now; try again' })
  async place(@Body() body: NewLegalHold, @Caller() caller: Principal): Promise<LegalHold> {
    const ms = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text));
    return this.counted(await this.holds.place(caller, { ...body, from: ms(body.from), to: ms(body.to) }));
  }

  @Get()
  @ApiOperation({ summary: 'List legal holds, also released ones, newest first' })
  @ApiOkResponse({ type: LegalHoldList })
  async list(@Caller() caller: Principal): Promise<LegalHoldList> {
    return { items: (await this.holds.list(caller.tenant)).map(view), nextCursor: null };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Get one legal hold and how many events it covers' })
  @ApiOkResponse({ type: LegalHold })
  @ApiResponse({ status: 404, description: 'your tenant has no such hold' })
  async get(@Param('id') id: string, @Caller() caller: Principal): Promise<LegalHold> {
    return this.counted(await this.holds.get(caller.tenant, id));
  }

  @Post(':id/release')
  @HttpCode(200)
  @ApiOperation({ summary: 'Release a legal hold', description: 'For good. Releasing it again changes nothing.' })
  @ApiOkResponse({ type: LegalHold })
  @ApiResponse({ status: 404, description: 'your tenant has no such hold' })
  async release(@Param('id') id: string, @Body() body: Release, @Caller() caller: Principal): Promise<LegalHold> {
    return this.counted(await this.holds.release(caller, id, body.reason));
  }

  private async counted(hold: Hold): Promise<LegalHold> {
    return { ...view(hold), events: await this.holds.countCovered(hold) };
  }
}

function view(hold: Hold): z.output<typeof holdView> {
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const text = (value: string) => (value === '' ? null : value);
  return {
    id: hold.id,
    name: hold.name,
    reason: hold.reason,
    subjects: hold.references,
    eventTypes: hold.eventTypes,
    resourceType: text(hold.resourceType),
    resourceId: text(hold.resourceId),
    from: time(hold.occurredFrom),
    to: time(hold.occurredTo),
    placedBy: hold.placedBy,
    placedAt: new Date(hold.placedAt).toISOString(),
    releasedBy: text(hold.releasedBy),
    releasedAt: time(hold.releasedAt),
  };
}
