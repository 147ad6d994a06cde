import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { Caller, Principal, Requires } from '../access/principal';
import { Clock } from '../common/clock';
import { ApiQueryOf, RawQuery, readQuery } from '../search/query-parameters';
import { Regulation, REGULATIONS } from './assessment';
import { Assessor, CONTROLS } from './assessor';
import { CHECKS } from './checks';
import { assessmentAnswer, assessmentQuery, ControlList, controlList, controlsQuery } from './compliance.schema';
import type { Control } from './control';

class ComplianceControls extends createZodDto(controlList) {}
class ComplianceAssessment extends createZodDto(assessmentAnswer) {}

const USUAL_MS = 30 * 86_400_000;

@ApiTags('compliance')
@ApiBearerAuth()
@Requires('reports:read')
@ApiResponse({ status: 400, description: 'a parameter is unknown or has a bad value' })
@Controller('audit/api/compliance')
export class ComplianceController {
  constructor(
    private readonly assessor: Assessor,
    private readonly clock: Clock,
  ) {}

  @Get('controls')
  @ApiOperation({
    summary: 'What the regulations demand and what speaks for it',
    description: 'The controls as they are assessed: the demand in plain words, the events that count and the rules.',
  })
  @ApiQueryOf(controlsQuery)
  @ApiOkResponse({ type: ComplianceControls })
  controls(@Query() raw: RawQuery): ComplianceControls {
    const { regulation } = readQuery(controlsQuery, raw);
    const asked = regulation ? [regulation] : REGULATIONS;
    return { items: asked.flatMap((law) => CONTROLS[law].map((control) => describe(law, control))) };
  }

  @Get('assessment')
  @ApiOperation({
    summary: 'How a period looks under a regulation',
    description:
      'Every control with its status, the reason, the events it rests on and what went wrong. The same events and period give the ' +
      'same answer, once the period is over.',
  })
  @ApiQueryOf(assessmentQuery)
  @ApiOkResponse({ type: ComplianceAssessment })
  @ApiResponse({ status: 504, description: 'it took too long: ask for a shorter period' })
  async assessment(@Query() raw: RawQuery, @Caller() caller: Principal): Promise<ComplianceAssessment> {
    const query = readQuery(assessmentQuery, raw);
    const now = this.clock.now();
    const to = query.to ?? now;
    return this.assessor.assess(caller.tenant, { ...query, to, from: query.from ?? to - USUAL_MS }, now);
  }
}

function describe(regulation: Regulation, control: Control): ControlList['items'][number] {
  const { id, article, title, demand, evidence, checks, watches = [], attest } = control;
  return {
    regulation,
    id,
    article,
    title,
    demand,
    evidence: evidence.map((query) => ({
      id: query.id,
      title: query.title,
      eventTypes: [...(query.filter.eventType ?? [])],
    })),
    checks: [...checks, ...watches].map((check) => ({
      id: check,
      cases: CHECKS[check].cases,
      fault: CHECKS[check].fault,
    })),
    attestation: attest ?? null,
  };
}
