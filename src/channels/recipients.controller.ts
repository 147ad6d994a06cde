import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { AppError } from '../common/app-error';
import { GROUP_NAME, groupView, recipientGroupInput, recipientGroupView, signingSecret } from './recipient-group';
import { RecipientsService } from './recipients.service';

class RecipientGroupBody extends createZodDto(recipientGroupInput) {}
export class RecipientGroup extends createZodDto(recipientGroupView) {}
export class RecipientGroupList extends createZodDto(
  z.object({ items: z.array(recipientGroupView), nextCursor: z.string().nullable() }),
) {}
class RecipientVersionQuery extends createZodDto(
  z.object({ version: z.coerce.number().int().min(0).optional().describe('The version that you have seen') }),
) {}
class NewSigningSecret extends createZodDto(z.strictObject({ secret: signingSecret })) {}

@ApiTags('recipients')
@ApiBearerAuth()
@Requires('settings:manage')
@Controller('audit/api/recipients')
export class RecipientsController {
  constructor(private readonly recipients: RecipientsService) {}

  @Get()
  @ApiOperation({
    summary: 'List the groups of people who are told of alerts',
    description: 'Those of the configuration too. Secrets of channels are never shown.',
  })
  @ApiOkResponse({ type: RecipientGroupList })
  async list(@Caller() caller: Principal): Promise<RecipientGroupList> {
    return { items: (await this.recipients.list(caller.tenant)).map(groupView), nextCursor: null };
  }

  @Get(':name')
  @ApiOperation({ summary: 'Get a recipient group' })
  @ApiOkResponse({ type: RecipientGroup })
  @ApiResponse({ status: 404, description: 'your tenant has no such group' })
  async get(@Param('name') name: string, @Caller() caller: Principal): Promise<RecipientGroup> {
    return groupView(await this.recipients.get(caller.tenant, name));
  }

  @Put(':name')
  @ApiOperation({
    summary: 'Make or replace a recipient group',
    description:
      'In force for the next step of an alert. A secret that is left out stays as it is, for a channel of the same name and ' +
      'type. With `version`, only if it is still that one.',
  })
  @ApiOkResponse({ type: RecipientGroup })
  @ApiResponse({ status: 409, description: 'somebody has changed it since' })
  @ApiResponse({ status: 422, description: 'a new channel lacks its secret' })
  async put(
    @Param('name') name: string,
    @Body() body: RecipientGroupBody,
    @Query() query: RecipientVersionQuery,
    @Caller() caller: Principal,
  ): Promise<RecipientGroup> {
    if (!GROUP_NAME.test(name)) {
      throw new AppError('RECIPIENTS_NAME', 400, 'name: must be small letters, digits, - and _, such as security_team');
    }
    return groupView(await this.recipients.put(caller, name, body, query.version));
  }

  @Delete(':name')
  @ApiOperation({ summary: 'Delete a recipient group; its versions stay on record' })
  @ApiOkResponse({ type: RecipientGroup })
  @ApiResponse({ status: 404, description: 'your tenant has no such group' })
  async remove(@Param('name') name: string, @Caller() caller: Principal): Promise<RecipientGroup> {
    return groupView(await this.recipients.remove(caller, name));
  }

  @Post(':name/channels/:channel/secrets')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Give a webhook a new signing secret',
    description: 'Messages are signed with it and with the one before, until there is a newer one.',
  })
  @ApiOkResponse({ type: RecipientGroup })
  @ApiResponse({ status: 404, description: 'there is no such group or channel' })
  @ApiResponse({ status: 409, description: 'the channel is no webhook' })
  async rotate(
    @Param('name') name: string,
    @Param('channel') channel: string,
    @Body() body: NewSigningSecret,
    @Caller() caller: Principal,
  ): Promise<RecipientGroup> {
    return groupView(await this.recipients.rotateSecret(caller, name, channel, body.secret));
  }
}
