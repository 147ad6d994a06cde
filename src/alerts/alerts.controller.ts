import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { SubjectLookup } from '../search/subject-lookup';
import { Act, RESOLUTIONS } from './alert';
import { alertQuery, AlertQuery } from './alert-query';
import { alertDetail, alertView, detailOf, viewOf } from './alert-view';
import { AlertsService } from './alerts.service';

const text = (max: number, what: string) => z.string().trim().min(1).max(max).describe(what);

class AlertPage extends createZodDto(
  z.object({ items: z.array(alertView), nextCursor: z.string().nullable().describe('null on the last page') }),
) {}
class Alert extends createZodDto(alertDetail) {}
class Acknowledgement extends createZodDto(
  z.strictObject({ comment: text(4000, 'For the history').optional() }).default({}),
) {}
class Resolution extends createZodDto(
  z.strictObject({
    reason: text(4000, 'Why it is over').meta({ example: 'False positive: a monitoring probe' }),
    resolution: z.enum(RESOLUTIONS).optional(),
  }),
) {}
class Reopening extends createZodDto(z.strictObject({ reason: text(4000, 'Why').optional() }).default({})) {}
class AlertComment extends createZodDto(z.strictObject({ comment: text(4000, 'For the history') })) {}
class Assignment extends createZodDto(z.strictObject({ assignee: text(200, 'Who goes on with it') })) {}

@ApiTags('alerts')
@ApiBearerAuth()
@Controller('audit/api/alerts')
export class AlertsController {
  constructor(
    private readonly alerts: AlertsService,
    private readonly subjects: SubjectLookup,
  ) {}

  @Get()
  @Requires('alerts:read')
  @ApiOperation({ summary: 'List alerts, newest first', description: 'Without `status`: those that are not resolved.' })
  @ApiQueryOf(alertQuery)
  @ApiOkResponse({ type: AlertPage })
  async list(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<AlertPage> {
    const query = readQuery(alertQuery, raw);
    const groups = await this.groupsOf(caller.tenant, query);
    const page = await this.alerts.list(caller.tenant, { ...query, groups }, query.limit, query.cursor);
    return { items: page.alerts.map(viewOf), nextCursor: page.nextCursor };
  }

  @Get(':id')
  @Requires('alerts:read')
  @ApiOperation({ summary: 'Get an alert with its history' })
  @ApiOkResponse({ type: Alert })
  @ApiResponse({ status: 404, description: 'your tenant has no such alert' })
  async get(@Param('id') id: string, @Caller() caller: Principal): Promise<Alert> {
    return detailOf(await this.alerts.get(caller.tenant, id));
  }

  @Post(':id/acknowledge')
  @HttpCode(200)
  @Requires('alerts:write')
  @ApiOperation({ summary: 'Take an alert on', description: 'It is not escalated any more.' })
  @ApiOkResponse({ type: Alert })
  @ApiResponse({ status: 409, description: 'somebody else was first, or it is resolved' })
  acknowledge(@Param('id') id: string, @Body() body: Acknowledgement, @Caller() caller: Principal): Promise<Alert> {
    return this.act(caller, id, { kind: 'acknowledged', text: body.comment });
  }

  @Post(':id/resolve')
  @HttpCode(200)
  @Requires('alerts:write')
  @ApiOperation({ summary: 'Close an alert with a reason' })
  @ApiOkResponse({ type: Alert })
  @ApiResponse({ status: 409, description: 'it is resolved already' })
  resolve(@Param('id') id: string, @Body() body: Resolution, @Caller() caller: Principal): Promise<Alert> {
    return this.act(caller, id, { kind: 'resolved', text: body.reason, resolution: body.resolution ?? null });
  }

  @Post(':id/reopen')
  @HttpCode(200)
  @Requires('alerts:write')
  @ApiOperation({ summary: 'Open a resolved alert again', description: 'Its escalation starts anew.' })
  @ApiOkResponse({ type: Alert })
  @ApiResponse({ status: 409, description: 'it is not resolved, or there is a newer one for the same rule and group' })
  reopen(@Param('id') id: string, @Body() body: Reopening, @Caller() caller: Principal): Promise<Alert> {
    return this.act(caller, id, { kind: 'reopened', text: body.reason });
  }

  @Post(':id/comment')
  @HttpCode(200)
  @Requires('alerts:write')
  @ApiOperation({ summary: 'Add a comment to the history of an alert' })
  @ApiOkResponse({ type: Alert })
  comment(@Param('id') id: string, @Body() body: AlertComment, @Caller() caller: Principal): Promise<Alert> {
    return this.act(caller, id, { kind: 'commented', text: body.comment });
  }

  @Post(':id/assign')
  @HttpCode(200)
  @Requires('alerts:write')
  @ApiOperation({ summary: 'Say who goes on with an alert' })
  @ApiOkResponse({ type: Alert })
  assign(@Param('id') id: string, @Body() body: Assignment, @Caller() caller: Principal): Promise<Alert> {
    return this.act(caller, id, { kind: 'assigned', text: body.assignee });
  }

  private async act(caller: Principal, id: string, act: Act): Promise<Alert> {
    return detailOf(await this.alerts.act(caller, id, act));
  }

  private async groupsOf(tenant: string, { ipAddress, userId }: AlertQuery): Promise<string[][]> {
    const users = userId && (await this.subjects.referencesOf(tenant, userId));
    return [
      ...(ipAddress ? [ipAddress.map((address) => `ipAddress=${address}`)] : []),
      ...(users ? [users.flatMap((user) => [`userId=${user}`, `subjectId=${user}`])] : []),
    ];
  }
}
