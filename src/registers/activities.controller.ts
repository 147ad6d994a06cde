import { Body, Controller, Delete, Get, Param, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { Clock } from '../common/clock';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { spanOf } from '../statistics/analytics-query';
import { activity, DeclaredActivity, ObservedProcessing } from './activity';
import { ActivitiesService } from './activities.service';
import { ActivityRegister } from './activity-register';
import { iso, isoOrNull, isoTime, period } from './register-query';

const comparisonQuery = z.object(period);

class ActivityName extends createZodDto(
  z.object({
    id: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be up to 64 small letters, digits, - and _'),
  }),
) {}
class ActivityDeclaration extends createZodDto(
  activity.extend({
    version: z.number().int().min(0).optional().describe('The version that you have seen; 0: it is new. Default: any'),
  }),
) {}

const activityView = activity.extend({
  id: z.string(),
  version: z.number().int(),
  changedBy: z.string(),
  changedAt: isoTime,
});
const observedView = z.object({
  service: z.string(),
  resourceType: z.string(),
  purpose: z.string(),
  legalBasis: z.string(),
  dataCategories: z.array(z.string()),
  events: z.number().int(),
  subjects: z.number().int(),
  firstAt: isoTime,
  lastAt: isoTime,
  eventIds: z.array(z.string()).describe('The newest, up to five'),
});
class ProcessingActivity extends createZodDto(activityView) {}
class ProcessingActivityList extends createZodDto(z.object({ items: z.array(activityView), nextCursor: z.null() })) {}
class ProcessingActivityHistory extends createZodDto(
  activityView.extend({ versions: z.array(activityView.extend({ deleted: z.boolean() })) }),
) {}
class ProcessingComparison extends createZodDto(
  z.object({
    from: isoTime,
    to: isoTime,
    declared: z.array(
      z.object({ id: z.string(), name: z.string(), events: z.number().int(), lastAt: isoTime.nullable() }),
    ),
    declaredNotObserved: z.array(z.string()).describe('Ids of activities to which no event belongs'),
    observedNotDeclared: z.array(observedView).describe('Processing that no activity of the record covers'),
    deviations: z
      .array(
        z.object({
          activity: z.string(),
          members: z.array(z.enum(['purposes', 'legalBasis', 'dataCategories'])),
          observed: observedView,
        }),
      )
      .describe('Processing that an activity covers but declares otherwise'),
  }),
) {}

@ApiTags('compliance')
@ApiBearerAuth()
@Controller('audit/api/compliance/activities')
export class ActivitiesController {
  constructor(
    private readonly register: ActivityRegister,
    private readonly activities: ActivitiesService,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Requires('reports:read')
  @ApiOperation({ summary: 'The record of processing activities (Art. 30 GDPR, Art. 37 LGPD)' })
  @ApiOkResponse({ type: ProcessingActivityList })
  async list(@Caller() caller: Principal): Promise<ProcessingActivityList> {
    return { items: (await this.register.list(caller.tenant)).map(viewOf), nextCursor: null };
  }

  @Get('comparison')
  @Requires('reports:read')
  @ApiOperation({
    summary: 'Compare the record with what was processed',
    description: 'By events of the category `data` about somebody else than the actor, or with a purpose.',
  })
  @ApiQueryOf(comparisonQuery)
  @ApiOkResponse({ type: ProcessingComparison })
  async compare(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<ProcessingComparison> {
    const range = spanOf(readQuery(comparisonQuery, raw), this.clock.now());
    const found = await this.register.compare(caller.tenant, range);
    return {
      ...{ from: iso(range.from), to: iso(range.to) },
      declared: found.declared.map(({ activity: { id, declared }, events, lastAt }) => {
        return { id, name: declared.name, events, lastAt: isoOrNull(lastAt) };
      }),
      declaredNotObserved: found.declaredNotObserved,
      observedNotDeclared: found.observedNotDeclared.map(observedOf),
      deviations: found.deviations.map((each) => ({ ...each, observed: observedOf(each.observed) })),
    };
  }

  @Get(':id')
  @Requires('reports:read')
  @ApiOperation({ summary: 'Get an activity with all its versions' })
  @ApiOkResponse({ type: ProcessingActivityHistory })
  @ApiResponse({ status: 404, description: 'your tenant has no such activity' })
  async get(@Param('id') id: string, @Caller() caller: Principal): Promise<ProcessingActivityHistory> {
    const versions = await this.activities.versions(caller.tenant, id);
    return {
      ...viewOf(versions[0]),
      versions: versions.map((each) => ({ ...viewOf(each), deleted: each.deleted })),
    };
  }

  @Put(':id')
  @Requires('reports:write')
  @ApiOperation({ summary: 'Declare an activity, or put another declaration in its place' })
  @ApiOkResponse({ type: ProcessingActivity })
  @ApiResponse({ status: 409, description: 'it has another version by now' })
  async put(
    @Param() { id }: ActivityName,
    @Body() { version, ...declared }: ActivityDeclaration,
    @Caller() caller: Principal,
  ): Promise<ProcessingActivity> {
    return viewOf(await this.activities.put(caller, id, declared, version));
  }

  @Delete(':id')
  @Requires('reports:write')
  @ApiOperation({
    summary: 'Take an activity from the record',
    description: 'Its versions stay in the store and the log.',
  })
  @ApiOkResponse({ type: ProcessingActivity })
  @ApiResponse({ status: 404, description: 'your tenant has no such activity' })
  async remove(@Param('id') id: string, @Caller() caller: Principal): Promise<ProcessingActivity> {
    return viewOf(await this.activities.remove(caller, id));
  }
}

const viewOf = ({ id, version, declared, changedBy, changedAt }: DeclaredActivity) => ({
  ...{ id, version, ...declared, changedBy, changedAt: iso(changedAt) },
});

const observedOf = ({ firstAt, lastAt, ...rest }: ObservedProcessing) => ({
  ...{ ...rest, firstAt: iso(firstAt), lastAt: iso(lastAt) },
});
