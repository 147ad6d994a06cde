import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { Clock } from '../common/clock';
import { LANGUAGES } from '../compliance/assessment';
import { oneOf, several, time } from '../search/event-query';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { Breach as Record, BREACH_STATES, BreachStep, CLOCK_STATES, RISKS, TOLD } from './breach';
import { affectedFilter, BreachDesk } from './breach-desk';
import { draftOf } from './breach-drafts';
import { BreachesService } from './breaches.service';
import { asOf, iso, isoOrNull, isoTime, pageOf, paging, zone } from './register-query';
import { LAWS } from './request';

const listQuery = z.object({
  state: several(oneOf(BREACH_STATES), 'State', 'open'),
  from: time('Opened at or after this time', '2026-11-01').optional(),
  to: time('Opened before this time', '2026-12-01').optional(),
  timezone: zone,
  asOf,
  ...paging,
});
const zoneQuery = z.object({ timezone: zone });
const draftQuery = z.object({
  to: oneOf(TOLD).default('authority').meta({ description: 'Whom it is for' }),
  law: oneOf(LAWS).default('gdpr').meta({ description: 'Under which law' }),
  language: oneOf(LANGUAGES).default('en').meta({ description: 'Language' }),
  timezone: zone,
});

const text = (max: number, what: string) => z.string().trim().min(1).max(max).describe(what);
const when = (what: string) => z.iso.datetime({ offset: true }).describe(what);
const laws = z.array(z.enum(LAWS)).min(1).optional().describe('Default: both');
const particulars = {
  awareAt: when('When the controller became aware of it; both clocks run from here').optional(),
  risk: z.enum(RISKS).optional().describe('For the persons concerned; default: risk'),
  nature: text(8000, 'What happened; name no person').optional(),
  consequences: text(8000, 'What may come of it').optional(),
  measures: text(8000, 'What was and will be done').optional(),
  contact: text(1000, 'Whom to ask: a function, no person').optional(),
  affected: affectedFilter.optional().describe('Which events are of affected data; subjects and records are counted'),
};
class NewBreach extends createZodDto(
  z.strictObject({
    breachId: text(128, 'Makes it harmless to send this twice; default: a new one').optional(),
    title: text(256, 'What it is called; name no person'),
    laws,
    ...particulars,
  }),
) {}
class BreachUpdate extends createZodDto(
  z
    .strictObject({ title: text(256, 'What it is called').optional(), laws, ...particulars })
    .refine((said) => Object.keys(said).length > 0, 'says nothing'),
) {}
class BreachNotification extends createZodDto(
  z.strictObject({
    to: z.enum(TOLD),
    laws: z.array(z.enum(LAWS)).min(1).optional().describe('Default: those of the breach'),
    notifiedAt: when('Default: now').optional(),
    note: text(4000, 'Such as the reference of the authority').optional(),
  }),
) {}
class BreachClosing extends createZodDto(z.strictObject({ reason: text(4000, 'Why it is over') })) {}

const breachView = z.object({
  id: z.string(),
  title: z.string(),
  state: z.enum(BREACH_STATES),
  risk: z.enum(RISKS),
  openedAt: isoTime,
  awareAt: isoTime,
  closedAt: isoTime.nullable(),
  clocks: z
    .array(
      z.object({
        law: z.enum(LAWS),
        to: z.enum(TOLD),
        state: z.enum(CLOCK_STATES),
        lastDay: z.string().nullable().describe('null: without undue delay'),
        dueBefore: isoTime.nullable(),
        toldAt: isoTime.nullable(),
      }),
    )
    .describe('Who has to be told under which law, until when'),
});
const breachDetail = breachView.extend({
  nature: z.string().nullable(),
  consequences: z.string().nullable(),
  measures: z.string().nullable(),
  contact: z.string().nullable(),
  filter: z.record(z.string(), z.unknown()).nullable().describe('Which events are of affected data'),
  affected: z
    .object({
      events: z.number().int(),
      subjects: z.number().int().describe('Different persons'),
      records: z.number().int(),
      dataCategories: z.array(z.string()),
      firstAt: isoTime.nullable(),
      lastAt: isoTime.nullable(),
    })
    .nullable()
    .describe('Counted now; null without a filter'),
  steps: z.array(
    z.object({
      at: isoTime,
      move: z.enum(['opened', 'updated', 'notified', 'closed']),
      by: z.string().nullable().describe('An API key or a reference'),
      details: z.record(z.string(), z.unknown()),
      eventId: z.string(),
    }),
  ),
});
export class BreachPage extends createZodDto(pageOf(breachView)) {}
export class Breach extends createZodDto(breachDetail) {}
export class BreachDraft extends createZodDto(
  z.object({ to: z.enum(TOLD), law: z.enum(LAWS), language: z.enum(LANGUAGES), text: z.string() }),
) {}

@ApiTags('compliance')
@ApiBearerAuth()
@Controller('audit/api/compliance/breaches')
export class BreachesController {
  constructor(
    private readonly desk: BreachDesk,
    private readonly breaches: BreachesService,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Requires('reports:read')
  @ApiOperation({ summary: 'List breaches of personal data with their clocks, newest first' })
  @ApiQueryOf(listQuery)
  @ApiOkResponse({ type: BreachPage })
  async list(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<BreachPage> {
    const { timezone, limit, cursor, ...query } = readQuery(listQuery, raw);
    const filter = { ...query, asOf: query.asOf ?? this.clock.now(), zone: timezone };
    const { breaches, nextCursor } = await this.desk.list(caller.tenant, filter, limit, cursor);
    return { items: breaches.map(viewOf), nextCursor };
  }

  @Get(':id')
  @Requires('reports:read')
  @ApiOperation({ summary: 'Get a breach with its clocks, what it touched, and all that was done' })
  @ApiQueryOf(zoneQuery)
  @ApiOkResponse({ type: Breach })
  @ApiResponse({ status: 404, description: 'your tenant has no such breach' })
  async get(@Param('id') id: string, @Query() raw: RawQuery, @Caller() caller: Principal): Promise<Breach> {
    return this.detailOf(caller, await this.breaches.get(caller.tenant, id, readQuery(zoneQuery, raw).timezone));
  }

  @Get(':id/draft')
  @Requires('reports:read')
  @ApiOperation({ summary: 'Draft a notification to the authority or to the persons concerned' })
  @ApiQueryOf(draftQuery)
  @ApiOkResponse({ type: BreachDraft })
  @ApiResponse({ status: 404, description: 'your tenant has no such breach' })
  async draft(@Param('id') id: string, @Query() raw: RawQuery, @Caller() caller: Principal): Promise<BreachDraft> {
    const { to, law, language, timezone } = readQuery(draftQuery, raw);
    const breach = await this.breaches.get(caller.tenant, id, timezone);
    const affected = await this.desk.affected(caller.tenant, breach);
    const options = { law, to, language, zone: timezone, now: this.clock.now() };
    return { to, law, language, text: draftOf(breach, affected, options) };
  }

  @Post()
  @Requires('reports:write')
  @ApiOperation({ summary: 'Open a breach', description: 'Recorded as DATA_BREACH_DETECTED.' })
  @ApiQueryOf(zoneQuery)
  @ApiResponse({ status: 201, type: Breach })
  @ApiResponse({ status: 409, description: 'there is another breach of that id' })
  async open(@Body() body: NewBreach, @Query() raw: RawQuery, @Caller() caller: Principal): Promise<Breach> {
    return this.detailOf(caller, await this.breaches.open(caller, body, readQuery(zoneQuery, raw).timezone));
  }

  @Post(':id/update')
  @HttpCode(200)
  @Requires('reports:write')
  @ApiOperation({ summary: 'Say what became known of a breach' })
  @ApiQueryOf(zoneQuery)
  @ApiOkResponse({ type: Breach })
  @ApiResponse({ status: 409, description: 'it is closed' })
  async update(
    @Param('id') id: string,
    @Body() body: BreachUpdate,
    @Query() raw: RawQuery,
    @Caller() caller: Principal,
  ): Promise<Breach> {
    return this.detailOf(caller, await this.breaches.update(caller, id, body, readQuery(zoneQuery, raw).timezone));
  }

  @Post(':id/notify')
  @HttpCode(200)
  @Requires('reports:write')
  @ApiOperation({ summary: 'Note that the authority or the persons concerned were told' })
  @ApiQueryOf(zoneQuery)
  @ApiOkResponse({ type: Breach })
  @ApiResponse({ status: 409, description: 'it is closed' })
  async notify(
    @Param('id') id: string,
    @Body() body: BreachNotification,
    @Query() raw: RawQuery,
    @Caller() caller: Principal,
  ): Promise<Breach> {
    return this.detailOf(caller, await this.breaches.notify(caller, id, body, readQuery(zoneQuery, raw).timezone));
  }

  @Post(':id/close')
  @HttpCode(200)
  @Requires('reports:write')
  @ApiOperation({ summary: 'Close a breach' })
  @ApiQueryOf(zoneQuery)
  @ApiOkResponse({ type: Breach })
  @ApiResponse({ status: 409, description: 'it is closed, or somebody has to be told yet' })
  async close(
    @Param('id') id: string,
    @Body() body: BreachClosing,
    @Query() raw: RawQuery,
    @Caller() caller: Principal,
  ): Promise<Breach> {
    const zoneOfQuery = readQuery(zoneQuery, raw).timezone;
    return this.detailOf(caller, await this.breaches.close(caller, id, body.reason, zoneOfQuery));
  }

  private async detailOf(caller: Principal, breach: Record): Promise<Breach> {
    const affected = await this.desk.affected(caller.tenant, breach);
    return {
      ...viewOf(breach),
      ...breach.facts,
      filter: breach.affected,
      affected: affected && {
        ...affected,
        firstAt: isoOrNull(affected.firstAt),
        lastAt: isoOrNull(affected.lastAt),
      },
      steps: breach.steps.map(stepOf),
    };
  }
}

const viewOf = ({ id, title, state, risk, openedAt, awareAt, closedAt, clocks }: Record) => ({
  ...{ id, title, state, risk, openedAt: iso(openedAt), awareAt: iso(awareAt), closedAt: isoOrNull(closedAt) },
  clocks: clocks.map(({ due, toldAt, ...clock }) => ({
    ...clock,
    ...{ lastDay: due?.lastDay ?? null, dueBefore: isoOrNull(due?.end ?? null), toldAt: isoOrNull(toldAt) },
  })),
});

const stepOf = ({ at, move, actor, details, eventId }: BreachStep) => {
  return { at: iso(at), move, by: actor || null, details, eventId };
};
