import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error';
import { Config, CONFIG } from '../config/config';
import type { Assessment, Regulation } from './assessment';
import { CheckResult, IN_PERIOD, Scope, scopeParams, Sources } from './check';
import { CheckId, CHECKS } from './checks';
import type { Control, EvidenceQuery } from './control';
import { GDPR } from './gdpr';
import { Facts, judge } from './judge';
import { LGPD } from './lgpd';
import { SOX } from './sox';
import { SourceReader } from './source-reader';
import { countOf, readSamples, readTally, TallyRow } from './tally';

export const CONTROLS: Readonly<Record<Regulation, readonly Control[]>> = { gdpr: GDPR, lgpd: LGPD, sox: SOX };

export interface AssessmentRequest {
  regulation: Regulation;
  /** ms, inclusive. */
  from: number;
  /** ms, exclusive. */
  to: number;
  /** IANA zone. */
  timeZone: string;
}

/** Reads the facts of a period and judges every control of a regulation by them. */
@Injectable()
export class Assessor {
  constructor(
    private readonly sources: SourceReader,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Needs the memory of its answer only: events are counted where they are.
   * @param now ms; deadlines are judged as of then, or as of the end of the period if that is earlier
   * @throws AppError 400 for an empty period or one that has not begun; 503, 504 if the store is away or too slow
   */
  async assess(
    tenant: string,
    { regulation, from, to, timeZone }: AssessmentRequest,
    now: number,
  ): Promise<Assessment> {
    checkPeriod(from, to, now);
    const asOf = Math.min(to, now);
    const scope = { tenant, from, to, asOf, timeZone, policy: this.config.compliance };
    const controls = CONTROLS[regulation];
    const sources = this.sources.of(scope);
    const tally = await readTally(sources.read, scope);
    const facts = {
      scope,
      tally,
      samples: await sampled(controls, tally, scope, sources),
      checks: await checked(controls, scope, sources),
    };
    return {
      regulation,
      tenant,
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      timeZone,
      asOf: new Date(asOf).toISOString(),
      events: tally.reduce((sum, row) => sum + row.events, 0),
      erasedEvents: await erasedEvents(scope, sources),
      controls: controls.map((control) => judge(control, facts, CHECKS)),
    };
  }
}

/** One check after the other: the store has other readers too. */
async function checked(controls: readonly Control[], scope: Scope, sources: Sources): Promise<Facts['checks']> {
  const results = new Map<CheckId, CheckResult>();
  for (const id of new Set(controls.flatMap(({ checks, watches = [] }) => [...checks, ...watches]))) {
    results.set(id, await CHECKS[id].run(scope, sources));
  }
  return results;
}

async function sampled(
  controls: readonly Control[],
  tally: readonly TallyRow[],
  scope: Scope,
  { read }: Sources,
): Promise<Facts['samples']> {
  const samples = new Map<EvidenceQuery, string[]>();
  for (const query of controls.flatMap(({ evidence }) => evidence)) {
    if (countOf(query.filter, tally) > 0) samples.set(query, await readSamples(read, scope, query.filter));
  }
  return samples;
}

async function erasedEvents(scope: Scope, { read }: Sources): Promise<number> {
  const [some] = await read('SELECT 1 FROM erasures WHERE tenant = {tenant:String} LIMIT 1', { tenant: scope.tenant });
  if (!some) return 0;
  const erased = `(SELECT arrayJoin(references) FROM erasures WHERE tenant = {tenant:String})`;
  const [row] = await read<{ n: number }>(
    `SELECT count() AS n FROM events WHERE ${IN_PERIOD} AND (actor IN ${erased} OR subject IN ${erased})`,
    scopeParams(scope),
  );
  return row?.n ?? 0;
}

/** @throws AppError 400 */
export function checkPeriod(from: number, to: number, now: number): void {
  const problem =
    from >= to
      ? { path: 'to', message: 'must be after from: the period is empty' }
      : from >= now
        ? { path: 'from', message: 'must be in the past: the period has not begun' }
        : undefined;
  if (!problem) return;
  throw new AppError('PERIOD_INVALID', 400, `${problem.path} ${problem.message}`, { problems: [problem] });
}
