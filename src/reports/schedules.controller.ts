import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { Clock } from '../common/clock';
import { ComplianceReport, viewOf } from './reports.schema';
import { newSchedule, scheduleInput, ScheduleRecord, scheduleView } from './schedule';
import { nextDue } from './schedule-times';
import { SchedulesService } from './schedules.service';

class NewReportSchedule extends createZodDto(newSchedule) {}
export class ReportScheduleInput extends createZodDto(scheduleInput) {}
export class ReportSchedule extends createZodDto(scheduleView) {}
class ReportScheduleList extends createZodDto(z.object({ items: z.array(scheduleView) })) {}

const NAME = { name: 'name', schema: { type: 'string' as const, example: 'monthly-gdpr' } };
const UNKNOWN = { status: 404, description: 'your tenant has no such schedule' };

@ApiTags('compliance')
@ApiBearerAuth()
@Requires('reports:write')
@Controller('audit/api/compliance/schedules')
export class SchedulesController {
  constructor(
    private readonly schedules: SchedulesService,
    private readonly clock: Clock,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List schedules of reports, by name' })
  @ApiOkResponse({ type: ReportScheduleList })
  async list(@Caller() caller: Principal): Promise<ReportScheduleList> {
    return { items: (await this.schedules.list(caller.tenant)).map((record) => this.view(record)) };
  }

  @Post()
  @ApiOperation({
    summary: 'Make a schedule',
    description:
      'Reports are made when the cron expression says so, of the last whole period, and mailed. Of runs that were missed, the latest is made up for.',
  })
  @ApiResponse({ status: 201, type: ReportSchedule })
  @ApiResponse({ status: 409, description: 'there is one of this name' })
  async create(@Body() { name, ...schedule }: NewReportSchedule, @Caller() caller: Principal): Promise<ReportSchedule> {
    return this.view(await this.schedules.create(caller, name, schedule));
  }

  @Get(':name')
  @ApiOperation({ summary: 'Get a schedule' })
  @ApiParam(NAME)
  @ApiOkResponse({ type: ReportSchedule })
  @ApiResponse(UNKNOWN)
  async get(@Param('name') name: string, @Caller() caller: Principal): Promise<ReportSchedule> {
    return this.view(await this.schedules.get(caller.tenant, name));
  }

  @Put(':name')
  @ApiOperation({ summary: 'Put another schedule in the place of one' })
  @ApiParam(NAME)
  @ApiOkResponse({ type: ReportSchedule })
  @ApiResponse(UNKNOWN)
  async replace(
    @Param('name') name: string,
    @Body() schedule: ReportScheduleInput,
    @Caller() caller: Principal,
  ): Promise<ReportSchedule> {
    return this.view(await this.schedules.replace(caller, name, schedule));
  }

  @Delete(':name')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a schedule', description: 'The reports that it made stay.' })
  @ApiParam(NAME)
  @ApiResponse({ status: 204, description: 'it is gone' })
  @ApiResponse(UNKNOWN)
  async remove(@Param('name') name: string, @Caller() caller: Principal): Promise<void> {
    await this.schedules.remove(caller, name);
  }

  @Post(':name/run')
  @HttpCode(202)
  @ApiOperation({ summary: 'Make and mail the report that would be due now' })
  @ApiParam(NAME)
  @ApiResponse({ status: 202, description: 'it will be made', type: ComplianceReport })
  @ApiResponse(UNKNOWN)
  async run(@Param('name') name: string, @Caller() caller: Principal): Promise<ComplianceReport> {
    return viewOf(await this.schedules.run(caller, name));
  }

  private view({ name, schedule, version, changedBy, changedAt }: ScheduleRecord): z.output<typeof scheduleView> {
    const { cron, timeZone, enabled } = schedule;
    return {
      ...{ name, ...schedule, version, changedBy, changedAt: new Date(changedAt).toISOString() },
      nextRunAt: enabled ? new Date(nextDue(cron, timeZone, this.clock.now())).toISOString() : null,
    };
  }
}
