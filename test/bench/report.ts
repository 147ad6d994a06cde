import { cpus } from 'node:os';
import type { Latency } from './latency';
import type { Sustained } from './pipeline';

export interface Result {
  date: string;
  cores: number;
  /** Events per second of each round. */
  rounds: Record<Rate, number[]>;
  pipelineRuns: Sustained[];
  latencies: Record<string, Latency>;
  several: { apis: number; workers: number; run: Sustained } | undefined;
  /** MiB. */
  memory: Record<string, { now: number; peak: number }>;
}

export type Rate = 'limitObjects' | 'limitBuffer' | 'queueEvents' | 'queuePointers' | 'naive' | 'pipeline';

const RATES: Record<Rate, string> = {
  limitObjects: 'limit: objects as JSONEachRow',
  limitBuffer: 'limit: one ready buffer',
  queueEvents: 'queue alone, an event a job',
  queuePointers: 'queue alone, jobs that point to 1,000',
  naive: 'naive pipeline',
  pipeline: 'this system, over HTTP',
};

/** Name under which the latency of single events stands. */
export const SINGLES = 'singles, 1,000/s';

export function emptyResult(): Result {
  return {
    date: new Date().toISOString(),
    cores: cpus().length,
    rounds: { limitObjects: [], limitBuffer: [], queueEvents: [], queuePointers: [], naive: [], pipeline: [] },
    ...{ pipelineRuns: [], latencies: {}, several: undefined, memory: {} },
  };
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** What `--json` writes: events per second and ms, null for what was not measured. */
export function summary(result: Result) {
  const rate = (name: Rate) => rounded(median(result.rounds[name]));
  const singles = result.latencies[SINGLES]?.ingest;
  const limit = { objects: rate('limitObjects'), buffer: rate('limitBuffer') };
  const pipeline = rate('pipeline');
  return {
    limit,
    queue: { events: rate('queueEvents'), pointers: rate('queuePointers') },
    naive: rate('naive'),
    pipeline,
    ratio: rounded((pipeline ?? NaN) / (limit.objects ?? NaN), 1000),
    latency: { p50: singles?.p50 ?? null, p99: singles?.p99 ?? null, p999: singles?.p999 ?? null },
    /** The worst of the loads. */
    queryableP99Ms: rounded(Math.max(...Object.values(result.latencies).map(({ queryable }) => queryable.p99))),
    ...result,
  };
}

const rounded = (value: number, parts = 1) => (Number.isFinite(value) ? Math.round(value * parts) / parts : null);

/** The tables that people read. */
export function render(result: Result): string {
  const { limit, naive, pipeline, ratio } = summary(result);
  const sections = [
    `${result.date}, ${result.cores} cores`,
    table(
      ['events/s', 'median', 'least', 'most', 'rounds'],
      (Object.keys(RATES) as Rate[])
        .filter((name) => result.rounds[name].length > 0)
        .map((name) => {
          const values = result.rounds[name];
          return [
            RATES[name],
            whole(median(values)),
            whole(Math.min(...values)),
            whole(Math.max(...values)),
            values.length,
          ];
        }),
    ),
    [
      limit.objects && pipeline && `of the limit: ${ratio}`,
      naive && pipeline && `times the naive pipeline: ${(pipeline / naive).toFixed(1)}`,
    ]
      .filter(Boolean)
      .join(', '),
    cpuTable(result),
    table(
      ['ms', 'events/s', 'p50', 'p99', 'p99.9', 'most', 'samples'],
      Object.entries(result.latencies).flatMap(([name, { perSecond, ingest, queryable, sealed }]) =>
        Object.entries({ 'to 202': ingest, 'from 202 to queryable': queryable, 'from 202 to sealed': sealed }).map(
          ([what, p]) => [`${name}, ${what}`, whole(perSecond), p.p50, p.p99, p.p999, p.most, p.samples],
        ),
      ),
    ),
    table(
      ['memory, MiB', 'at the end', 'peak'],
      Object.entries(result.memory).map(([name, { now, peak }]) => [name, now, peak]),
    ),
  ];
  return sections.filter((text) => text !== '').join('\n\n');
}

function cpuTable({ pipelineRuns, several, latencies }: Result): string {
  const runs: [string, Record<string, number>][] = [
    ...pipelineRuns.map((run, i): [string, Record<string, number>] => [`round ${i + 1}`, run.cpuMicros]),
    ...Object.entries(latencies).map(([name, { cpuMicros }]): [string, Record<string, number>] => [name, cpuMicros]),
    ...(several ? [['several', several.run.cpuMicros] as [string, Record<string, number>]] : []),
  ];
  const names = [...new Set(runs.flatMap(([, cpu]) => Object.keys(cpu)))];
  const rows = runs.map(([name, cpu]) => [name, ...names.map((process) => cpu[process] ?? '')]);
  const behind = pipelineRuns.map(
    (run, i) => `round ${i + 1}: ${whole(run.ledgerLag)} events at most, caught up ${whole(run.caughtUpMs)} ms after`,
  );
  return [
    table(['CPU µs per event', ...names], rows),
    ...(behind.length > 0 ? [`checkpoints behind: ${behind.join('; ')}`] : []),
    ...(several
      ? [`${several.apis} APIs and ${several.workers} workers: ${whole(several.run.perSecond)} events/s`]
      : []),
  ].join('\n');
}

const whole = (value: number) => Math.round(value).toLocaleString('en');

function table(head: string[], rows: (string | number)[][]): string {
  if (rows.length === 0) return '';
  const cells = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  return cells
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .join('\n');
}
