import { Command } from 'commander';
import { z } from 'zod';
import { connect, withTenant } from './context';
import { print, printJson, table } from './output';

const trend = z.looseObject({ count: z.number(), previous: z.number(), change: z.number().nullable() });
const spread = z.array(trend.extend({ key: z.string().nullable() }));
const top = z.array(
  z.looseObject({
    key: z.string().nullable(),
    resourceType: z.string().optional(),
    events: z.number(),
    failures: z.number(),
  }),
);
/** What of the summary is shown; `--json` prints all of it. */
const summary = z.looseObject({
  from: z.string(),
  to: z.string(),
  timezone: z.string(),
  parties: z.looseObject({ from: z.string(), to: z.string() }),
  totals: z.looseObject({
    events: trend,
    failures: trend,
    highSeverity: trend,
    users: z.number(),
    addresses: z.number(),
    resources: z.number(),
  }),
  byCategory: spread,
  bySeverity: spread,
  byOutcome: spread,
  topUsers: top,
  topAddresses: top,
  topResources: top,
  alerts: z.looseObject({
    open: z.number(),
    acknowledged: z.number(),
    bySeverity: z.array(
      z.looseObject({
        severity: z.string(),
        open: z.number(),
        acknowledged: z.number(),
        age: z.record(z.string(), z.number()),
      }),
    ),
  }),
  compliance: z.looseObject({
    failedShare: z.number().nullable(),
    requests: z.number(),
    erasures: z.looseObject({ done: z.number(), underway: z.number() }),
    legalHolds: z.number(),
    integrity: z.looseObject({
      treeSize: z.number(),
      signedAt: z.string().nullable(),
      lastVerification: z.looseObject({ finishedAt: z.string(), faults: z.number() }).nullable(),
    }),
  }),
  pipeline: z.looseObject({
    waiting: z.number(),
    deadLettered: z.number(),
    unaccounted: z.number(),
    uncountedBatches: z.number(),
  }),
});
type Summary = z.infer<typeof summary>;

interface StatsOptions {
  tenant?: string;
  from?: string;
  to?: string;
  timezone?: string;
  json?: boolean;
}

const AGES: Record<string, string> = { under1h: '< 1 h', under24h: '< 24 h', under7d: '< 7 days', older: 'older' };

const percent = (share: number | null): string => (share === null ? '-' : `${(share * 100).toFixed(1)} %`);
const change = (share: number | null): string => (share === null ? '-' : `${share > 0 ? '+' : ''}${percent(share)}`);
const numbers = ({ count, previous, change: by }: z.infer<typeof trend>) => [
  String(count),
  String(previous),
  change(by),
];

/** Of which time users, addresses and resources are, if it is not that of the rest. */
const wholeDays = ({ from, to, parties }: Summary): string =>
  parties.from === from && parties.to === to
    ? ''
    : ` (of whole days, ${parties.from.slice(0, 10)} to before ${parties.to.slice(0, 10)} UTC)`;

/** The summary as tables, one below the other; those without rows are left out. */
export function render(s: Summary): string {
  const part = (head: string[], rows: string[][]) => (rows.length === 0 ? [] : ['', table(head, rows)]);
  const spreadPart = (name: string, rows: Summary['byCategory']) =>
    part(
      [name, 'EVENTS', 'BEFORE', 'CHANGE'],
      rows.map((row) => [row.key ?? '(none)', ...numbers(row)]),
    );
  const topPart = (name: string, rows: Summary['topUsers']) =>
    part(
      [name, 'EVENTS', 'FAILED'],
      rows.map((row) => [
        [row.resourceType, row.key].filter(Boolean).join(' '),
        String(row.events),
        String(row.failures),
      ]),
    );
  const { integrity, erasures } = s.compliance;
  const verified = integrity.lastVerification;
  return [
    `${s.from} to ${s.to}, beside the same time before`,
    ...part(
      ['', 'EVENTS', 'BEFORE', 'CHANGE'],
      [
        ['all', ...numbers(s.totals.events)],
        ['failed or denied', ...numbers(s.totals.failures)],
        ['high or critical', ...numbers(s.totals.highSeverity)],
      ],
    ),
    '',
    `${s.totals.users} users, ${s.totals.addresses} addresses, ${s.totals.resources} resources${wholeDays(s)}`,
    ...spreadPart('CATEGORY', s.byCategory),
    ...spreadPart('SEVERITY', s.bySeverity),
    ...spreadPart('OUTCOME', s.byOutcome),
    ...topPart('USER', s.topUsers),
    ...topPart('ADDRESS', s.topAddresses),
    ...topPart('RESOURCE', s.topResources),
    ...part(
      ['ALERTS', 'OPEN', 'ACKNOWLEDGED', ...Object.values(AGES)],
      s.alerts.bySeverity.map((row) => [
        row.severity,
        ...[row.open, row.acknowledged, ...Object.keys(AGES).map((age) => row.age[age] ?? 0)].map(String),
      ]),
    ),
    '',
    `Alerts      ${s.alerts.open} open, ${s.alerts.acknowledged} acknowledged`,
    `Compliance  ${percent(s.compliance.failedShare)} failed, ${s.compliance.requests} requests of data subjects, ` +
      `${erasures.done} erasures done, ${erasures.underway} underway, ${s.compliance.legalHolds} legal holds`,
    `Integrity   ${integrity.treeSize} events sealed${integrity.signedAt === null ? '' : `, signed ${integrity.signedAt}`}, ` +
      (verified ? `verified ${verified.finishedAt}: ${verified.faults} faults` : 'not verified yet'),
    `Pipeline    ${s.pipeline.waiting} waiting, ${s.pipeline.deadLettered} dead letters, ${s.pipeline.unaccounted} unaccounted` +
      (s.pipeline.uncountedBatches > 0 ? `; ${s.pipeline.uncountedBatches} batches are not counted yet` : ''),
  ].join('\n');
}

async function stats(options: StatsOptions): Promise<void> {
  const query = new URLSearchParams();
  for (const name of ['from', 'to', 'timezone'] as const) {
    const value = options[name];
    if (value !== undefined) query.set(name, value);
  }
  const client = await connect(options);
  const answer = await client.json('GET', 'dashboard/summary', summary, { query });
  if (options.json) printJson(answer);
  else print(render(answer));
}

export function statsCommand(): Command {
  return withTenant(new Command('stats'))
    .summary('what happened, at a glance')
    .description(
      'Shows totals and trends, the largest users, addresses and resources, alerts, compliance and pipeline.',
    )
    .option('--from <time>', 'since this time (default: 30 days before --to)')
    .option('--to <time>', 'before this time (default: now)')
    .option('--timezone <zone>', 'IANA time zone of the days of the trend, which --json shows')
    .option('--json', 'print JSON, all of it')
    .addHelpText(
      'after',
      `
Examples:
  mcp-audit stats
  mcp-audit stats --from 2026-11-01 --to 2026-12-01 --timezone Europe/Lisbon --json`,
    )
    .action(stats);
}
