import { Controller, Get, Header, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { Clock } from '../common/clock';
import { oneOf, revealing, several, word } from '../search/event-query';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { RevealService } from '../search/reveal.service';
import { SubjectLookup } from '../search/subject-lookup';
import { spanOf } from '../statistics/analytics-query';
import { Consent, CONSENT_EXCEPTIONS, CONSENT_STATES, ConsentLedger } from './consent-ledger';
import { asOf, iso, isoOrNull, isoTime, named, pageOf, paging, people, period } from './register-query';

const listQuery = z.object({
  subjectId: people,
  purpose: several(word(1024), 'Purpose', 'newsletter'),
  state: oneOf(CONSENT_STATES).meta({ description: 'State' }).optional(),
  asOf,
  ...paging,
  ...revealing,
});
const historyQuery = z.object({
  subjectId: word(512).meta({ description: 'The person: an id, or a reference (sub_…)', examples: ['u-1029'] }),
  purpose: word(1024)
    .meta({ description: 'Purpose; default: every one', examples: ['newsletter'] })
    .optional(),
});
const exceptionQuery = z.object({
  ...period,
  kind: several(oneOf(CONSENT_EXCEPTIONS), 'Kind', 'after_withdrawal'),
  ...paging,
  ...revealing,
});

const consentView = z.object({
  subjectId: z.string().describe('The reference of the person'),
  purpose: z.string().nullable(),
  state: z.enum(CONSENT_STATES),
  changedAt: isoTime.describe('When the person said so last'),
  firstAt: isoTime,
  changes: z.number().int().describe('How many times the person said something'),
  consentId: z.string().nullable(),
  dataCategories: z.array(z.string()),
  eventId: z.string().describe('The event that says so'),
});
const stepView = z.object({
  at: isoTime,
  state: z.enum(CONSENT_STATES),
  purpose: z.string().nullable(),
  consentId: z.string().nullable(),
  dataCategories: z.array(z.string()),
  service: z.string().nullable(),
  by: z.string().nullable().describe('Who recorded it: a reference'),
  description: z.string(),
  eventId: z.string(),
});
const exceptionView = z.object({
  kind: z.enum(CONSENT_EXCEPTIONS),
  at: isoTime,
  eventId: z.string(),
  eventType: z.string(),
  subjectId: z.string().describe('The reference of the person'),
  by: z.string().nullable().describe('Who did it: a reference'),
  purpose: z.string().nullable(),
  service: z.string().nullable(),
  resourceType: z.string().nullable(),
  resourceId: z.string().nullable(),
  withdrawnAt: isoTime.nullable().describe('When the person had withdrawn'),
});
export class ConsentPage extends createZodDto(pageOf(consentView)) {}
export class ConsentHistory extends createZodDto(z.object({ items: z.array(stepView) })) {}
export class ConsentExceptionPage extends createZodDto(
  pageOf(exceptionView).extend({
    counts: z
      .array(z.object({ kind: z.enum(CONSENT_EXCEPTIONS), events: z.number().int(), subjects: z.number().int() }))
      .describe('All of the period, by kind'),
  }),
) {}

/** Steps that one history shows. */
const MAX_STEPS = 1000;

@ApiTags('compliance')
@ApiBearerAuth()
@Requires('reports:read')
@Controller('audit/api/compliance/consents')
export class ConsentsController {
  constructor(
    private readonly ledger: ConsentLedger,
    private readonly subjects: SubjectLookup,
    private readonly reveals: RevealService,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'List consents',
    description: 'One for each person and purpose, from CONSENT_GRANTED and CONSENT_REVOKED; the latest changes first.',
  })
  @ApiQueryOf(listQuery)
  @ApiOkResponse({ type: ConsentPage })
  @ApiResponse({ status: 403, description: 'reveal without the permission events:reveal' })
  async list(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<ConsentPage> {
    const { reveal, reason, subjectId, limit, cursor, ...query } = readQuery(listQuery, raw);
    const act = this.reveals.authorize(caller, reveal, reason);
    const filter = {
      ...query,
      asOf: query.asOf ?? this.clock.now(),
      subjects: subjectId && (await this.subjects.referencesOf(caller.tenant, subjectId)),
    };
    const { consents, nextCursor } = await this.ledger.list(caller.tenant, filter, limit, cursor);
    const items = await named(this.reveals, act, 'consents', consents.map(viewOf), ['subjectId']);
    return { items, nextCursor };
  }

  @Get('history')
  @ApiOperation({ summary: 'What one person said of a purpose, oldest first' })
  @ApiQueryOf(historyQuery)
  @ApiOkResponse({ type: ConsentHistory })
  async history(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<ConsentHistory> {
    const { subjectId, purpose } = readQuery(historyQuery, raw);
    const subjects = await this.subjects.referencesOf(caller.tenant, [subjectId]);
    const steps = await this.ledger.history(caller.tenant, subjects, purpose, MAX_STEPS);
    return {
      items: steps.map(({ at, state, dataCategories, description, eventId, ...step }) => ({
        ...{ at: iso(at), state, dataCategories, description, eventId },
        ...{ purpose: step.purpose || null, consentId: step.consentId || null },
        ...{ service: step.service || null, by: step.actor || null },
      })),
    };
  }

  @Get('exceptions')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Find what was done without consent or basis',
    description:
      'Acts on personal data after the person withdrew consent for that purpose (`after_withdrawal`), that rest on a consent ' +
      'which the log does not know (`without_consent`), or that are about somebody else and name no legal basis (`without_basis`).',
  })
  @ApiQueryOf(exceptionQuery)
  @ApiOkResponse({ type: ConsentExceptionPage })
  @ApiResponse({ status: 403, description: 'reveal without the permission events:reveal' })
  async exceptions(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<ConsentExceptionPage> {
    const { reveal, reason, kind, limit, cursor, ...span } = readQuery(exceptionQuery, raw);
    const act = this.reveals.authorize(caller, reveal, reason);
    const range = spanOf(span, this.clock.now());
    const [{ exceptions, nextCursor }, counts] = await Promise.all([
      this.ledger.exceptions(caller.tenant, range, { kinds: kind, limit, cursor }),
      this.ledger.countExceptions(caller.tenant, range),
    ]);
    const views = exceptions.map(({ at, actor, subject, withdrawnAt, ...rest }) => ({
      ...{ kind: rest.kind, eventId: rest.eventId, eventType: rest.eventType, at: iso(at) },
      ...{ subjectId: subject, by: actor || null, purpose: rest.purpose || null, service: rest.service || null },
      ...{ resourceType: rest.resourceType || null, resourceId: rest.resourceId || null },
      withdrawnAt: isoOrNull(withdrawnAt),
    }));
    const items = await named(this.reveals, act, 'consents', views, ['subjectId', 'by']);
    return { items, nextCursor, counts };
  }
}

const viewOf = ({ subject, changedAt, firstAt, purpose, consentId, ...rest }: Consent) => ({
  ...rest,
  subjectId: subject,
  ...{ purpose: purpose || null, consentId: consentId || null, changedAt: iso(changedAt), firstAt: iso(firstAt) },
});
