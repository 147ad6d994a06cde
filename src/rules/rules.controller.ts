import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { AppError } from '../common/app-error';
import { BacktestService } from './backtest.service';
import { HistoryEvaluation } from './history-evaluation';
import type { GroupHits } from './group-hits';
import { ruleSchema } from './rule';
import { isDefault, RuleRecord } from './rule-record';
import { RulesService } from './rules.service';
import { importRules } from './sigma';

const time = z.iso.datetime({ offset: true }).or(z.iso.date());
const range = z.strictObject({
  from: time.describe('Hits at or after this time').meta({ example: '2015-12-01' }),
  to: time.describe('Hits before this time').meta({ example: '2016-01-01' }),
});
const storedRule = z.object({
  ...ruleSchema.shape,
  version: z.number().int().describe('0: as it came with the system'),
  builtIn: z.boolean().describe('Whether it is one of the default rules'),
  deleted: z.boolean(),
  changedBy: z.string(),
  changedAt: z.iso.datetime().nullable(),
});
const found = z.object({
  group: z.record(z.string(), z.string()).describe('What an alert would be about; people are references'),
  firstHitAt: z.iso.datetime(),
  lastHitAt: z.iso.datetime(),
  counter: z.number().int().describe('Events at which the condition held'),
  peak: z.number().describe('The largest count, sum or number of values in a window'),
  summary: z.string(),
  firstEventId: z.string().nullable(),
  lastEventId: z.string().nullable(),
});
class RuleBody extends createZodDto(ruleSchema) {}
export class AlertRule extends createZodDto(storedRule) {}
export class AlertRuleList extends createZodDto(
  z.object({ items: z.array(storedRule), nextCursor: z.string().nullable() }),
) {}
class RuleTestRange extends createZodDto(range) {}
class RuleTest extends createZodDto(range.extend({ rule: ruleSchema })) {}
export class RuleTestResult extends createZodDto(
  z.object({
    rule: z.string(),
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    events: z.number().int().describe('Events in the range that the rule had to look at'),
    alerts: z.array(found).describe('One for each group, by the time of its first hit'),
  }),
) {}
class HistoryRange extends createZodDto(range) {}
class HistoryEvaluated extends createZodDto(
  z.object({
    events: z.number().int().describe('Events in the range that rules looked at'),
    opened: z.number().int().describe('Alerts that were opened'),
    raised: z.number().int().describe('Alerts that were there and have further hits now'),
  }),
) {}
class RuleImport extends createZodDto(
  z.strictObject({
    yaml: z.string().min(1).max(1_000_000).describe('One or more documents: detection and correlation rules of Sigma'),
    mapping: z
      .record(z.string(), z.string())
      .default({})
      .describe('Names of fields in the rules → fields of events; beside the usual names')
      .meta({ example: { TargetUserName: 'userId' } }),
    recipients: ruleSchema.shape.recipients,
    replace: z.boolean().default(false).describe('Replace rules that have the same ids'),
    dryRun: z.boolean().default(false).describe('Only show what would be made'),
  }),
) {}
export class ImportedRules extends createZodDto(z.object({ items: z.array(ruleSchema) })) {}
class RuleVersionQuery extends createZodDto(
  z.object({ version: z.coerce.number().int().min(0).optional().describe('The version that you have seen') }),
) {}

@ApiTags('rules')
@ApiBearerAuth()
@Controller('audit/api/rules')
export class RulesController {
  constructor(
    private readonly rules: RulesService,
    private readonly backtests: BacktestService,
    private readonly history: HistoryEvaluation,
  ) {}

  @Get()
  @Requires('rules:read')
  @ApiOperation({ summary: 'List the alert rules, the default ones too' })
  @ApiOkResponse({ type: AlertRuleList })
  async list(@Caller() caller: Principal): Promise<AlertRuleList> {
    return { items: (await this.rules.list(caller.tenant)).map(view), nextCursor: null };
  }

  @Post()
  @Requires('rules:write')
  @ApiOperation({ summary: 'Make an alert rule', description: 'It is in force within seconds.' })
  @ApiCreatedResponse({ type: AlertRule })
  @ApiResponse({ status: 409, description: 'there is a rule of this id' })
  async create(@Body() body: RuleBody, @Caller() caller: Principal): Promise<AlertRule> {
    return view(await this.rules.create(caller, body));
  }

  @Post('test')
  @HttpCode(200)
  @Requires('rules:read')
  @ApiOperation({
    summary: 'Try a rule on stored events before making it',
    description: 'Evaluates it by the code that runs live. Nothing is raised.',
  })
  @ApiOkResponse({ type: RuleTestResult })
  async testNew(@Body() body: RuleTest, @Caller() caller: Principal): Promise<RuleTestResult> {
    return this.test(caller, await this.rules.withReferences(caller.tenant, body.rule), body);
  }

  @Post('import')
  @HttpCode(200)
  @Requires('rules:write')
  @ApiOperation({
    summary: 'Make alert rules of Sigma rules',
    description:
      'Detection rules, and correlation rules of the types event_count, value_count, value_sum, temporal and ' +
      'temporal_ordered. If anything in the documents cannot be said here, none of them is made.',
  })
  @ApiOkResponse({ type: ImportedRules })
  @ApiResponse({ status: 409, description: 'there are rules of these ids' })
  @ApiResponse({ status: 422, description: 'what is wrong or not supported, by document' })
  async import(@Body() body: RuleImport, @Caller() caller: Principal): Promise<ImportedRules> {
    const rules = importRules(body.yaml, body);
    return { items: body.dryRun ? rules : await this.rules.importAll(caller, rules, body.replace) };
  }

  @Post('evaluate')
  @HttpCode(200)
  @Requires('rules:write')
  @ApiOperation({
    summary: 'Raise the alerts of history',
    description:
      'Evaluates all enabled rules over events that were imported long after they occurred, and opens their alerts with the ' +
      'times of the events. Doing it again changes nothing.',
  })
  @ApiOkResponse({ type: HistoryEvaluated })
  evaluate(@Body() body: HistoryRange, @Caller() caller: Principal): Promise<HistoryEvaluated> {
    return this.history.run(caller.tenant, spanOf(body));
  }

  @Get(':id')
  @Requires('rules:read')
  @ApiOperation({ summary: 'Get an alert rule' })
  @ApiOkResponse({ type: AlertRule })
  async get(@Param('id') id: string, @Caller() caller: Principal): Promise<AlertRule> {
    return view(await this.rules.get(caller.tenant, id));
  }

  @Get(':id/versions')
  @Requires('rules:read')
  @ApiOperation({ summary: 'List the versions of an alert rule, newest first' })
  @ApiOkResponse({ type: AlertRuleList })
  async versions(@Param('id') id: string, @Caller() caller: Principal): Promise<AlertRuleList> {
    return { items: (await this.rules.versions(caller.tenant, id)).map(view), nextCursor: null };
  }

  @Put(':id')
  @Requires('rules:write')
  @ApiOperation({ summary: 'Replace an alert rule', description: 'With `version`, only if it is still that one.' })
  @ApiOkResponse({ type: AlertRule })
  @ApiResponse({ status: 409, description: 'somebody has changed it since' })
  async update(
    @Param('id') id: string,
    @Body() body: RuleBody,
    @Query() query: RuleVersionQuery,
    @Caller() caller: Principal,
  ): Promise<AlertRule> {
    if (body.id !== id) {
      throw new AppError('RULE_ID_MISMATCH', 400, `id: is ${body.id} in the body and ${id} in the path`, {
        problems: [{ path: 'id', message: 'must be the one of the path' }],
      });
    }
    return view(await this.rules.update(caller, id, () => body, query.version));
  }

  @Delete(':id')
  @Requires('rules:write')
  @ApiOperation({ summary: 'Delete an alert rule; its versions and alerts stay on record' })
  @ApiOkResponse({ type: AlertRule })
  async remove(@Param('id') id: string, @Caller() caller: Principal): Promise<AlertRule> {
    return view(await this.rules.remove(caller, id));
  }

  @Post(':id/enable')
  @HttpCode(200)
  @Requires('rules:write')
  @ApiOperation({ summary: 'Put an alert rule in force' })
  @ApiOkResponse({ type: AlertRule })
  async enable(@Param('id') id: string, @Caller() caller: Principal): Promise<AlertRule> {
    return view(await this.rules.update(caller, id, (rule) => ({ ...rule, enabled: true })));
  }

  @Post(':id/disable')
  @HttpCode(200)
  @Requires('rules:write')
  @ApiOperation({ summary: 'Put an alert rule out of force' })
  @ApiOkResponse({ type: AlertRule })
  async disable(@Param('id') id: string, @Caller() caller: Principal): Promise<AlertRule> {
    return view(await this.rules.update(caller, id, (rule) => ({ ...rule, enabled: false })));
  }

  @Post(':id/test')
  @HttpCode(200)
  @Requires('rules:read')
  @ApiOperation({
    summary: 'What an alert rule would have raised',
    description: 'Evaluates stored events by the code that runs live. Nothing is raised.',
  })
  @ApiOkResponse({ type: RuleTestResult })
  async testStored(
    @Param('id') id: string,
    @Body() body: RuleTestRange,
    @Caller() caller: Principal,
  ): Promise<RuleTestResult> {
    return this.test(caller, (await this.rules.get(caller.tenant, id)).rule, body);
  }

  private async test(caller: Principal, rule: RuleRecord['rule'], body: RuleTestRange): Promise<RuleTestResult> {
    const span = spanOf(body);
    const { events, groups } = await this.backtests.run(caller.tenant, [rule], span);
    return { rule: rule.id, from: iso(span.from), to: iso(span.to), events, alerts: groups.map(foundView) };
  }
}

function spanOf(range: { from: string; to: string }): { from: number; to: number } {
  const span = { from: Date.parse(range.from), to: Date.parse(range.to) };
  if (span.from < span.to) return span;
  throw new AppError('RANGE_INVALID', 400, 'to: must be later than from', {
    problems: [{ path: 'to', message: 'must be later than from' }],
  });
}

const iso = (ms: number): string => new Date(ms).toISOString();

function view({ rule, version, deleted, changedBy, changedAt }: RuleRecord): AlertRule {
  return {
    ...rule,
    ...{ version, deleted, changedBy, builtIn: isDefault(rule.id) },
    changedAt: changedAt === 0 ? null : iso(changedAt),
  };
}

function foundView(hits: GroupHits): z.output<typeof found> {
  const { group, counter, peak, summary, firstHitAt, lastHitAt, firstEventId, lastEventId } = hits;
  return {
    group,
    firstHitAt: iso(firstHitAt),
    lastHitAt: iso(lastHitAt),
    ...{ counter, peak, summary },
    firstEventId: firstEventId ?? null,
    lastEventId: lastEventId ?? null,
  };
}
