import { Body, Controller, Get, Header, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { Clock } from '../common/clock';
import { oneOf, revealing, several, time } from '../search/event-query';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { RevealService } from '../search/reveal.service';
import { SubjectLookup } from '../search/subject-lookup';
import { DataPackages } from './data-package.service';
import { asOf, iso, isoOrNull, isoTime, named, pageOf, paging, people, yesOrNo, zone } from './register-query';
import { LAWS, REQUEST_STATES, RequestStep, RIGHTS, SubjectRequest as Record } from './request';
import { RequestRegister } from './request-register';
import { RequestAct, RequestsService } from './requests.service';

const listQuery = z.object({
  law: several(oneOf(LAWS), 'Law', 'gdpr'),
  right: several(oneOf(RIGHTS), 'Right', 'access'),
  state: several(oneOf(REQUEST_STATES), 'State', 'open'),
  overdue: yesOrNo('Only those that were not closed in time, or only the others'),
  subjectId: people,
  from: time('Opened at or after this time', '2026-11-01').optional(),
  to: time('Opened before this time', '2026-12-01').optional(),
  timezone: zone,
  asOf,
  ...paging,
  ...revealing,
});
const itemQuery = z.object({ timezone: zone, ...revealing });
const actQuery = z.object({ timezone: zone });
const packageQuery = z.object({
  format: oneOf(['json', 'pdf']).default('json').meta({ description: 'Form of the file' }),
  language: oneOf(['en', 'pt']).default('en').meta({ description: 'Language of the PDF' }),
});

const text = (max: number, what: string) => z.string().trim().min(1).max(max).describe(`${what}; name no person`);
class NewSubjectRequest extends createZodDto(
  z.strictObject({
    requestId: text(128, 'Makes it harmless to send this twice; default: a new one').optional(),
    law: z.enum(LAWS),
    right: z.enum(RIGHTS),
    subjectId: z.string().min(1).max(512).describe('The person: an id as in events, or a reference (sub_…)'),
    receivedAt: z.iso.datetime({ offset: true }).optional().describe('When it came in; default: now'),
    channel: text(128, 'How it came in, such as mail').optional(),
    note: text(4000, 'For the register').optional(),
  }),
) {}
class RequestAnswer extends createZodDto(
  z.strictObject({ note: text(4000, 'What was answered').optional() }).default({}),
) {}
class RequestReason extends createZodDto(z.strictObject({ reason: text(4000, 'Why') })) {}

const requestView = z.object({
  id: z.string(),
  law: z.enum(LAWS),
  right: z.enum(RIGHTS),
  subjectId: z.string().describe('The reference of the person'),
  state: z.enum(REQUEST_STATES),
  overdue: z.boolean().describe('It was not closed in time; of an open one: its deadline has passed'),
  openedAt: isoTime,
  lastDay: z.string().describe('The last day on which an answer is in time'),
  dueBefore: isoTime.describe('The first instant that is too late'),
  extended: z.boolean(),
  closedAt: isoTime.nullable(),
});
const requestDetail = requestView.extend({
  steps: z.array(
    z.object({
      at: isoTime,
      move: z.enum(['opened', 'extended', 'answered', 'refused', 'withdrawn', 'noted']),
      counts: z.boolean().describe('false: it came too late, or after another that closed the request'),
      by: z.string().nullable().describe('Who recorded it: an API key or a reference'),
      service: z.string().nullable(),
      note: z.string().nullable(),
      eventId: z.string(),
    }),
  ),
});
export class SubjectRequestPage extends createZodDto(pageOf(requestView)) {}
export class SubjectRequest extends createZodDto(requestDetail) {}

@ApiTags('compliance')
@ApiBearerAuth()
@Controller('audit/api/compliance/requests')
export class RequestsController {
  constructor(
    private readonly register: RequestRegister,
    private readonly requests: RequestsService,
    private readonly packages: DataPackages,
    private readonly subjects: SubjectLookup,
    private readonly reveals: RevealService,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Header('cache-control', 'no-store')
  @Requires('reports:read')
  @ApiOperation({
    summary: 'List requests of data subjects, newest first',
    description: 'From GDPR_REQUEST, LGPD_REQUEST and DATA_SUBJECT_REQUEST_COMPLETED, whoever recorded them.',
  })
  @ApiQueryOf(listQuery)
  @ApiOkResponse({ type: SubjectRequestPage })
  @ApiResponse({ status: 403, description: 'reveal without the permission events:reveal' })
  async list(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<SubjectRequestPage> {
    const { reveal, reason, subjectId, timezone, limit, cursor, ...query } = readQuery(listQuery, raw);
    const act = this.reveals.authorize(caller, reveal, reason);
    const subjects = subjectId && (await this.subjects.referencesOf(caller.tenant, subjectId));
    const filter = { ...query, asOf: query.asOf ?? this.clock.now(), zone: timezone, subjects };
    const { requests, nextCursor } = await this.register.list(caller.tenant, filter, limit, cursor);
    return { items: await named(this.reveals, act, 'requests', requests.map(viewOf), ['subjectId']), nextCursor };
  }

  @Get(':id')
  @Header('cache-control', 'no-store')
  @Requires('reports:read')
  @ApiOperation({ summary: 'Get a request with all that was done' })
  @ApiQueryOf(itemQuery)
  @ApiOkResponse({ type: SubjectRequest })
  @ApiResponse({ status: 404, description: 'your tenant has no such request' })
  async get(@Param('id') id: string, @Query() raw: RawQuery, @Caller() caller: Principal): Promise<SubjectRequest> {
    const { reveal, reason, timezone } = readQuery(itemQuery, raw);
    const act = this.reveals.authorize(caller, reveal, reason);
    const request = detailOf(await this.requests.get(caller.tenant, id, timezone));
    const [shown = request] = await named(this.reveals, act, 'requests', [request], ['subjectId']);
    return shown;
  }

  @Post()
  @Requires('reports:write')
  @ApiOperation({
    summary: 'Open a request of a data subject',
    description: 'Recorded as GDPR_REQUEST or LGPD_REQUEST. The same id with the same particulars changes nothing.',
  })
  @ApiQueryOf(actQuery)
  @ApiResponse({ status: 201, type: SubjectRequest })
  @ApiResponse({ status: 409, description: 'there is another request of that id' })
  async open(
    @Body() body: NewSubjectRequest,
    @Query() raw: RawQuery,
    @Caller() caller: Principal,
  ): Promise<SubjectRequest> {
    return detailOf(await this.requests.open(caller, body, readQuery(actQuery, raw).timezone));
  }

  @Post(':id/answer')
  @HttpCode(200)
  @Requires('reports:write')
  @ApiOperation({ summary: 'Note that a request was answered' })
  @ApiQueryOf(actQuery)
  @ApiOkResponse({ type: SubjectRequest })
  @ApiResponse({ status: 409, description: 'it is closed already' })
  answer(
    @Param('id') id: string,
    @Body() body: RequestAnswer,
    @Query() raw: RawQuery,
    @Caller() caller: Principal,
  ): Promise<SubjectRequest> {
    return this.act(caller, id, raw, { move: 'answered', note: body.note });
  }

  @Post(':id/extend')
  @HttpCode(200)
  @Requires('reports:write')
  @ApiOperation({
    summary: 'Extend the deadline of a request by two months',
    description: 'Art. 12(3) GDPR: for complex or many requests, within the first month. The LGPD knows no extension.',
  })
  @ApiQueryOf(actQuery)
  @ApiOkResponse({ type: SubjectRequest })
  @ApiResponse({ status: 409, description: 'it is closed, extended already, too late, or under the LGPD' })
  extend(
    @Param('id') id: string,
    @Body() body: RequestReason,
    @Query() raw: RawQuery,
    @Caller() caller: Principal,
  ): Promise<SubjectRequest> {
    return this.act(caller, id, raw, { move: 'extended', note: body.reason });
  }

  @Post(':id/refuse')
  @HttpCode(200)
  @Requires('reports:write')
  @ApiOperation({ summary: 'Note that a request was refused, and why' })
  @ApiQueryOf(actQuery)
  @ApiOkResponse({ type: SubjectRequest })
  @ApiResponse({ status: 409, description: 'it is closed already' })
  refuse(
    @Param('id') id: string,
    @Body() body: RequestReason,
    @Query() raw: RawQuery,
    @Caller() caller: Principal,
  ): Promise<SubjectRequest> {
    return this.act(caller, id, raw, { move: 'refused', note: body.reason });
  }

  @Get(':id/package')
  @Requires('events:reveal')
  @ApiOperation({
    summary: 'Download all that the log holds about the person of a request',
    description:
      'For requests for access, confirmation or portability: what was done by the person and with the data of the person, consents, ' +
      'requests, purposes, recipients and retention. What belongs to other people is withheld. Each production is recorded as ' +
      'AUDIT_DATA_PACKAGE before its first byte. If the person was erased, the file says so.',
  })
  @ApiQueryOf(packageQuery)
  @ApiProduces('application/json', 'application/pdf')
  @ApiResponse({ status: 200, description: 'the file' })
  @ApiResponse({ status: 404, description: 'your tenant has no such request' })
  @ApiResponse({ status: 409, description: 'the request is about another right' })
  async package(
    @Param('id') id: string,
    @Query() raw: RawQuery,
    @Caller() caller: Principal,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { format, language } = readQuery(packageQuery, raw);
    const { fileName, contentType, body } = await this.packages.produce(caller, id, format, language);
    void reply
      .header('content-type', contentType)
      .header('content-disposition', `attachment; filename="${fileName}"`)
      .header('cache-control', 'no-store')
      .send(body);
  }

  private async act(caller: Principal, id: string, raw: RawQuery, act: RequestAct): Promise<SubjectRequest> {
    return detailOf(await this.requests.act(caller, id, act, readQuery(actQuery, raw).timezone));
  }
}

const viewOf = ({ id, law, right, subject, state, overdue, openedAt, due, extended, closedAt }: Record) => ({
  ...{ id, law, right, subjectId: subject, state, overdue, extended, openedAt: iso(openedAt) },
  ...{ lastDay: due.lastDay, dueBefore: iso(due.end), closedAt: isoOrNull(closedAt) },
});

const detailOf = (request: Record) => ({ ...viewOf(request), steps: request.steps.map(stepOf) });

function stepOf({ at, move, ignored, actor, service, eventId, details }: RequestStep) {
  const note = details['note'] ?? details['reason'];
  return {
    ...{ at: iso(at), move, counts: !ignored, by: actor || null, service: service || null, eventId },
    note: typeof note === 'string' ? note : null,
  };
}
