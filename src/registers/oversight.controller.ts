import type { ClickHouseClient } from '@clickhouse/client';
import { Controller, Get, Header, Inject, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { Clock } from '../common/clock';
import { revealing } from '../search/event-query';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { RevealService } from '../search/reveal.service';
import { spanOf } from '../statistics/analytics-query';
import { conflictsOf, Duty, DUTY_NAMES, DutyExercised, matrixOf, readDuties, readSelfApprovals } from './duties';
import { readKeyset, writeKeyset } from './keyset';
import { MOVES, PeopleRegister } from './people-register';
import { iso, isoTime, named, paging, period } from './register-query';

const dutiesQuery = z.object({ ...period, ...revealing });
const peopleQuery = z.object({ ...period, ...paging, ...revealing });

const duty = z.enum(DUTY_NAMES as [Duty, ...Duty[]]);
const span = { from: isoTime, to: isoTime };
const exercised = z.object({
  duty,
  events: z.number().int(),
  firstAt: isoTime,
  lastAt: isoTime,
  eventIds: z.array(z.string()).describe('The newest, up to five'),
});
export class Duties extends createZodDto(
  z.object({
    ...span,
    matrix: z
      .array(z.object({ duties: z.array(duty), people: z.number().int(), conflict: z.boolean() }))
      .describe('Each pair of duties with how many people exercised both; conflict: they must be apart'),
    conflicts: z.array(z.object({ userId: z.string().describe('A reference'), duties: z.array(exercised) })),
    selfApprovals: z.array(
      z.object({
        kind: z
          .enum(['same_actor', 'same_name'])
          .describe('One person prepared and approved it, or the event names one for both'),
        userId: z.string().describe('A reference'),
        eventType: z.string(),
        resourceType: z.string().nullable(),
        resourceId: z.string().nullable(),
        at: isoTime,
        eventIds: z.array(z.string()),
      }),
    ),
  }),
) {}
class PeopleMoves extends createZodDto(
  z.object({
    ...span,
    items: z.array(
      z.object({
        account: z.string().describe('As the events name it'),
        left: z.boolean().describe('It had left at the end of the period'),
        steps: z.array(
          z.object({
            at: isoTime,
            move: z.enum(MOVES),
            eventType: z.string(),
            right: z.string().nullable().describe('The role or permission'),
            by: z.string().nullable().describe('A reference'),
            eventId: z.string(),
          }),
        ),
      }),
    ),
    nextCursor: z.string().nullable().describe('null on the last page'),
    activeAfterLeaving: z
      .array(
        z.object({
          account: z.string(),
          leftAt: isoTime,
          leftEventId: z.string(),
          events: z.number().int(),
          firstAt: isoTime,
          lastAt: isoTime,
          eventIds: z.array(z.string()).describe('The earliest, up to five'),
        }),
      )
      .describe('With the first page only'),
  }),
) {}

@ApiTags('compliance')
@ApiBearerAuth()
@Requires('reports:read')
@Controller('audit/api/compliance')
export class OversightController {
  constructor(
    @Inject(CLICKHOUSE) private readonly client: ClickHouseClient,
    private readonly accounts: PeopleRegister,
    private readonly reveals: RevealService,
    private readonly clock: Clock,
  ) {}

  @Get('duties')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Who exercised duties that must be apart',
    description:
      'The matrix of segregation of duties, people who exercised two that conflict, and what somebody approved alone.',
  })
  @ApiQueryOf(dutiesQuery)
  @ApiOkResponse({ type: Duties })
  @ApiResponse({ status: 403, description: 'reveal without the permission events:reveal' })
  async duties(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<Duties> {
    const { reveal, reason, ...query } = readQuery(dutiesQuery, raw);
    const act = this.reveals.authorize(caller, reveal, reason);
    const range = spanOf(query, this.clock.now());
    const [found, alone] = await Promise.all([
      readDuties(this.client, caller.tenant, range),
      readSelfApprovals(this.client, caller.tenant, range),
    ]);
    const conflicts = conflictsOf(found).map(({ person, duties }) => ({
      userId: person,
      duties: duties.map(exercisedView),
    }));
    const selfApprovals = alone.map(({ person, at, resourceType, resourceId, ...rest }) => {
      const resource = { resourceType: resourceType || null, resourceId: resourceId || null };
      return { ...rest, ...resource, userId: person, at: iso(at) };
    });
    return {
      ...{ from: iso(range.from), to: iso(range.to), matrix: matrixOf(found) },
      conflicts: await named(this.reveals, act, 'duties', conflicts, ['userId']),
      selfApprovals: await named(this.reveals, act, 'duties', selfApprovals, ['userId']),
    };
  }

  @Get('people')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Who joined, changed and left',
    description:
      'Accounts by name with what happened to them in the period, and those that acted after they had left, whenever that was.',
  })
  @ApiQueryOf(peopleQuery)
  @ApiOkResponse({ type: PeopleMoves })
  @ApiResponse({ status: 403, description: 'reveal without the permission events:reveal' })
  async people(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<PeopleMoves> {
    const { reveal, reason, limit, cursor, ...query } = readQuery(peopleQuery, raw);
    const act = this.reveals.authorize(caller, reveal, reason);
    const range = spanOf(query, this.clock.now());
    const after = cursor === undefined ? '' : (readKeyset(cursor, 2)[1] ?? '');
    const found = await this.accounts.accounts(caller.tenant, range, limit + 1, after);
    const late = cursor === undefined ? await this.accounts.activeAfterLeaving(caller.tenant, range) : [];
    const shown = found.slice(0, limit).map(({ account, left, steps }) => ({
      ...{ account, left },
      steps: steps.map(({ at, right, by, ...step }) => ({
        ...step,
        at: iso(at),
        right: right || null,
        by: by || null,
      })),
    }));
    const last = shown.at(-1);
    const active = late.map(({ leftAt, firstAt, lastAt, ...rest }) => {
      return { ...rest, leftAt: iso(leftAt), firstAt: iso(firstAt), lastAt: iso(lastAt) };
    });
    return {
      ...{ from: iso(range.from), to: iso(range.to) },
      items: await named(this.reveals, act, 'people', shown, ['account']),
      nextCursor: found.length > limit && last ? writeKeyset([0, last.account]) : null,
      activeAfterLeaving: await named(this.reveals, act, 'people', active, ['account']),
    };
  }
}

const exercisedView = ({ firstAt, lastAt, ...rest }: DutyExercised) => ({
  ...rest,
  ...{ firstAt: iso(firstAt), lastAt: iso(lastAt) },
});
