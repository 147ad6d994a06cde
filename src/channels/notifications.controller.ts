import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { DELIVERY_STATES } from './delivery';
import type { Notification as Entry } from './notification-archive';
import { notificationQuery } from './notification-query';
import { NotificationsService } from './notifications.service';
import { GROUP_NAME } from './recipient-group';

const time = z.iso.datetime();
const notification = z.object({
  id: z.string(),
  kind: z.string().describe('opened, escalated, acknowledged, resolved, reopened, digest or test'),
  alertId: z.string().nullable(),
  ruleId: z.string().nullable(),
  severity: z.string().nullable(),
  group: z.string().describe('Recipient group'),
  channel: z.string(),
  type: z.string().describe('Kind of channel; none: the group has no channel'),
  destination: z.string().describe('Masked'),
  state: z.enum(DELIVERY_STATES),
  reason: z.string().nullable().describe('Why it failed, waits or was skipped'),
  attempts: z.number().int(),
  happenedAt: time.describe('When that happened which it tells of'),
  createdAt: time,
  updatedAt: time,
  dueAt: time.nullable().describe('When it is tried next, or goes out at the earliest'),
  sentAt: time.nullable(),
  digest: z.string().nullable().describe('Notification that it goes out with'),
});
class Notification extends createZodDto(notification) {}
export class NotificationPage extends createZodDto(
  z.object({ items: z.array(notification), nextCursor: z.string().nullable().describe('null on the last page') }),
) {}
class NotificationTest extends createZodDto(
  z.strictObject({
    group: z.string().regex(GROUP_NAME).meta({ example: 'security_team' }),
    channel: z.string().max(32).optional().describe('Name of one of its channels; all by default'),
  }),
) {}
export class TestNotifications extends createZodDto(z.object({ items: z.array(notification) })) {}

@ApiTags('notifications')
@ApiBearerAuth()
@Controller('audit/api/notifications')
export class NotificationsController {
  constructor(private readonly notifications: NotificationsService) {}

  @Get()
  @Requires('alerts:read')
  @ApiOperation({
    summary: 'List notifications and what became of them, newest first',
    description: 'One for each step of an alert and each address; those that could not be sent, too.',
  })
  @ApiQueryOf(notificationQuery)
  @ApiOkResponse({ type: NotificationPage })
  async list(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<NotificationPage> {
    const page = await this.notifications.list(caller.tenant, readQuery(notificationQuery, raw));
    return { items: page.items.map(view), nextCursor: page.nextCursor };
  }

  @Get(':id')
  @Requires('alerts:read')
  @ApiOperation({ summary: 'Get a notification' })
  @ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' } })
  @ApiOkResponse({ type: Notification })
  @ApiResponse({ status: 404, description: 'your tenant has no such notification' })
  async get(@Param('id') id: string, @Caller() caller: Principal): Promise<Notification> {
    return view(await this.notifications.get(caller.tenant, id));
  }

  @Post('test')
  @HttpCode(202)
  @Requires('settings:manage')
  @ApiOperation({
    summary: 'Send a test to a recipient group',
    description: 'A real message to each address, tried once. Ask for each by its id to know what became of it.',
  })
  @ApiResponse({ status: 202, description: 'the tests are on their way', type: TestNotifications })
  @ApiResponse({ status: 404, description: 'there is no such group or channel' })
  async test(@Body() body: NotificationTest, @Caller() caller: Principal): Promise<TestNotifications> {
    return { items: (await this.notifications.test(caller, body.group, body.channel)).map(view) };
  }
}

function view({ revision: _, at, ...entry }: Entry): z.output<typeof notification> {
  return {
    ...entry,
    happenedAt: iso(at),
    createdAt: iso(entry.createdAt),
    updatedAt: iso(entry.updatedAt),
    dueAt: isoOrNull(entry.dueAt),
    sentAt: isoOrNull(entry.sentAt),
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));
