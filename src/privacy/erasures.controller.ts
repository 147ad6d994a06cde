import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { describeBlocker, Erasure as Record, ErasureFacts } from './erasure';
import { ErasurePreviewer } from './erasure-previewer';
import { ErasuresService } from './erasures.service';

const subjectId = z
  .string()
  .min(1)
  .max(512)
  .describe('the person: userId or subjectId of events, or a reference (sub_…)');
class NewErasure extends createZodDto(
  z.strictObject({
    id: z.uuid().optional().describe('makes it harmless to send this twice; default: a new one'),
    subjectId,
    reason: z.string().min(1).max(2000).describe('why; kept in plain, so name no person'),
  }),
) {}
class ErasurePreviewRequest extends createZodDto(z.strictObject({ subjectId })) {}
class ErasureListQuery extends createZodDto(
  z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(100) }),
) {}

const summary = z.object({
  events: z.number().int().describe('events in which the person acts or is concerned'),
  first: z.iso.datetime().nullable(),
  last: z.iso.datetime().nullable(),
  types: z.array(
    z.object({
      eventType: z.string(),
      retention: z.string(),
      events: z.number().int(),
      first: z.iso.datetime(),
      last: z.iso.datetime(),
      retainedUntil: z.string().describe('when the retention of the last of them ends'),
    }),
  ),
  fields: z
    .array(z.object({ field: z.string(), events: z.number().int() }))
    .describe('sealed fields that become unreadable, beside the id itself'),
  plainEvents: z
    .number()
    .int()
    .describe('events stored while encryption was off, which hold the id in plain: not erased'),
  mentions: z.number().int().describe('sealed events that also hold the id elsewhere in plain: not erased there'),
});

const erasureView = z.object({
  id: z.string(),
  state: z.enum(['begun', 'done']).describe('begun: nobody can read it any more; the certificate is on its way'),
  subjects: z.array(z.string()).describe('references that stood for the person'),
  reason: z.string(),
  requestedBy: z.string().describe('id of the API key'),
  requestedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  unreadable: summary,
  certificate: z
    .object({
      body: z.string().describe('canonical JSON; exactly these bytes are signed'),
      keyNumber: z.number().int(),
      publicKey: z.string().describe('raw Ed25519 public key, base64'),
      signature: z.string().describe('base64'),
    })
    .nullable(),
});
export class Erasure extends createZodDto(erasureView) {}
export class ErasureList extends createZodDto(
  z.object({ items: z.array(erasureView), nextCursor: z.string().nullable() }),
) {}
export class ErasurePreview extends createZodDto(
  z.object({
    allowed: z.boolean(),
    subjects: z.array(z.string()),
    unreadable: summary,
    blockers: z.array(
      z.object({
        kind: z.enum(['retention', 'hold']),
        message: z.string(),
        events: z.number().int(),
        until: z.string().optional().describe('the first day on which this one does not forbid it any more'),
        hold: z.string().optional().describe('id of the legal hold'),
      }),
    ),
  }),
) {}

@ApiTags('privacy')
@ApiBearerAuth()
@Requires('privacy:erase')
@Controller('audit/api/privacy/erasures')
export class ErasuresController {
  constructor(
    private readonly erasures: ErasuresService,
    private readonly previewer: ErasurePreviewer,
  ) {}

  @Post()
  @ApiOperation({
    summary: 'Erase a person',
    description:
      'Destroys the key and the mapping of the person: what was sealed for it can never be read again, and it cannot be found ' +
      'by its id. Events and proofs stay. It cannot be undone. docs/privacy.md tells what it does not reach.',
  })
  @ApiResponse({ status: 201, type: Erasure, description: 'done, with the certificate' })
  @ApiResponse({
    status: 202,
    type: Erasure,
    description: 'begun; it finishes by itself, get it again for the certificate',
  })
  @ApiResponse({ status: 404, description: 'nothing sealed of this person is here' })
  @ApiResponse({ status: 409, description: 'a retention duty or a legal hold forbids it; the message says until when' })
  @ApiResponse({ status: 503, description: 'it cannot be decided right now; try again' })
  async erase(
    @Body() body: NewErasure,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Erasure> {
    const erasure = await this.erasures.erase(caller, body);
    void reply.status(erasure.state === 'done' ? 201 : 202);
    return view(erasure);
  }

  @Post('preview')
  @ApiOperation({ summary: 'What an erasure would make unreadable, and what forbids it. Changes nothing' })
  @ApiResponse({ status: 200, type: ErasurePreview })
  @ApiResponse({ status: 404, description: 'nothing sealed of this person is here' })
  async preview(
    @Body() body: ErasurePreviewRequest,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ErasurePreview> {
    const { references, facts, blockers } = await this.previewer.of(caller.tenant, body.subjectId);
    void reply.status(200);
    return {
      allowed: blockers.length === 0,
      subjects: references,
      unreadable: viewFacts(facts),
      blockers: blockers.map((blocker) => ({
        ...{ kind: blocker.kind, message: describeBlocker(blocker), events: blocker.events },
        ...(blocker.kind === 'retention' ? { until: blocker.until } : { hold: blocker.id }),
      })),
    };
  }

  @Get()
  @ApiOperation({ summary: 'List erasures, newest first' })
  @ApiOkResponse({ type: ErasureList })
  async list(@Query() query: ErasureListQuery, @Caller() caller: Principal): Promise<ErasureList> {
    return { items: (await this.erasures.list(caller.tenant, query.limit)).map(view), nextCursor: null };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Get one erasure with its certificate' })
  @ApiOkResponse({ type: Erasure })
  @ApiResponse({ status: 404, description: 'your tenant has no such erasure' })
  async get(@Param('id') id: string, @Caller() caller: Principal): Promise<Erasure> {
    return view(await this.erasures.get(caller.tenant, id));
  }
}

const time = (ms: number) => new Date(ms).toISOString();
const maybe = (ms: number | null) => (ms === null ? null : time(ms));

function view(erasure: Record): z.output<typeof erasureView> {
  return {
    id: erasure.id,
    state: erasure.state,
    subjects: erasure.references,
    reason: erasure.reason,
    requestedBy: erasure.requestedBy,
    requestedAt: time(erasure.requestedAt),
    finishedAt: maybe(erasure.finishedAt),
    unreadable: viewFacts(erasure.summary),
    certificate: erasure.certificate,
  };
}

function viewFacts(facts: ErasureFacts): z.output<typeof summary> {
  return {
    events: facts.events,
    first: maybe(facts.firstAt),
    last: maybe(facts.lastAt),
    types: facts.groups.map(({ eventType, retention, events, firstAt, lastAt, until }) => ({
      ...{ eventType, retention, events, first: time(firstAt), last: time(lastAt), retainedUntil: until },
    })),
    fields: facts.fields,
    plainEvents: facts.plainEvents,
    mentions: facts.mentions,
  };
}
