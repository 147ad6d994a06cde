import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { DeadLetter as Letter, STATES } from './dead-letter';
import { DeadLetterArchive } from './dead-letter-archive';
import { deadLetterQuery } from './dead-letter-query';
import { DeadLettersService } from './dead-letters.service';

const summary = z.object({
  id: z.string().describe('of the letter, not of the event'),
  eventId: z.string(),
  reasonCode: z.string().describe('ID_CONFLICT: another event has its id; REFUSED_BY_STORE: see `reason`'),
  reason: z.string(),
  state: z.enum(STATES),
  createdAt: z.iso.datetime(),
  leafIndex: z.number().int().nullable().describe('where the quarantine event stands in its place'),
  decidedBy: z.string().nullable().describe('API key that replayed or discarded it'),
  decidedAt: z.iso.datetime().nullable(),
  note: z.string().nullable().describe('why it was discarded'),
});
const whole = summary.extend({
  batch: z.number().int().describe('the batch that met the refusal'),
  keyId: z.number().int().nullable().describe('the key that signed the envelope; null if none did'),
  checksum: z.string().describe('SHA-256 of the envelope as computed at ingest, hex'),
  envelope: z.string().describe('the event as it was accepted; personal data in it is sealed'),
});
export class DeadLetter extends createZodDto(whole) {}
export class DeadLetterSummary extends createZodDto(summary) {}
export class DeadLetterPage extends createZodDto(
  z.object({
    items: z.array(summary),
    nextCursor: z.string().nullable().describe('Give it as `cursor` to go on; null on the last page'),
  }),
) {}
class Discard extends createZodDto(
  z.strictObject({
    reason: z
      .string()
      .min(1)
      .max(500)
      .describe('why; kept in plain, so name no person')
      .meta({ example: 'TICKET-4711' }),
  }),
) {}

const ApiLetterId = () => ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' } });

@ApiTags('dead letters')
@ApiBearerAuth()
@Requires('deadletters:manage')
@Controller('audit/api/dead-letters')
export class DeadLettersController {
  constructor(
    private readonly archive: DeadLetterArchive,
    private readonly service: DeadLettersService,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'List dead letters, newest first',
    description: 'Events of your tenant that were accepted and that the store then refused.',
  })
  @ApiQueryOf(deadLetterQuery)
  @ApiOkResponse({ type: DeadLetterPage })
  @ApiResponse({ status: 400, description: 'a parameter is unknown or has a bad value' })
  async list(@Query() query: RawQuery, @Caller() caller: Principal): Promise<DeadLetterPage> {
    const { items, nextCursor } = await this.archive.list(caller.tenant, readQuery(deadLetterQuery, query));
    return { items: items.map(summaryOf), nextCursor };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Get one dead letter with its envelope' })
  @ApiLetterId()
  @ApiOkResponse({ type: DeadLetter })
  @ApiResponse({ status: 404, description: 'your tenant has no such letter' })
  async get(@Param('id') id: string, @Caller() caller: Principal): Promise<DeadLetter> {
    const letter = await this.archive.get(caller.tenant, id);
    const { batch, checksum, envelope, keyId } = letter;
    return { ...summaryOf(letter), batch, checksum, envelope, keyId: keyId === 0 ? null : keyId };
  }

  @Post(':id/replay')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Send the event of a dead letter on its way again',
    description:
      'As it was accepted, with its hash and signature. Doing it again changes nothing. If the store still refuses the ' +
      'event, it becomes another letter (find it by `eventId`).',
  })
  @ApiLetterId()
  @ApiOkResponse({ type: DeadLetterSummary })
  @ApiResponse({ status: 404, description: 'your tenant has no such letter' })
  @ApiResponse({ status: 409, description: 'it was discarded or altered, or another event has its id' })
  @ApiResponse({ status: 503, description: 'the buffer or the store is away; repeat' })
  async replay(@Param('id') id: string, @Caller() caller: Principal): Promise<DeadLetterSummary> {
    return summaryOf(await this.service.replay(caller, id));
  }

  @Post(':id/discard')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Give a dead letter up',
    description: 'For good: it is never sent again. It stays readable, and stays counted as dead-lettered.',
  })
  @ApiLetterId()
  @ApiOkResponse({ type: DeadLetterSummary })
  @ApiResponse({ status: 404, description: 'your tenant has no such letter' })
  @ApiResponse({ status: 409, description: 'it was replayed' })
  @ApiResponse({ status: 503, description: 'the buffer or the store is away; repeat' })
  async discard(
    @Param('id') id: string,
    @Body() body: Discard,
    @Caller() caller: Principal,
  ): Promise<DeadLetterSummary> {
    return summaryOf(await this.service.discard(caller, id, body.reason));
  }
}

function summaryOf(letter: Letter): z.output<typeof summary> {
  const { id, eventId, reasonCode, reason, state, leafIndex } = letter;
  const decided = state !== 'waiting';
  return {
    ...{ id, eventId, reasonCode, reason, state, leafIndex },
    createdAt: new Date(letter.createdAt).toISOString(),
    decidedBy: decided ? letter.decidedBy : null,
    decidedAt: decided ? new Date(letter.decidedAt).toISOString() : null,
    note: state === 'discarded' ? letter.note : null,
  };
}
