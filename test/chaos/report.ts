import type { Check } from './checks';
import type { ClientCounts } from './clients';

/** The result of a run, as `--json` writes it. */
export interface Report {
  scenario: string;
  seed: string;
  date: string;
  seconds: number;
  kills: number;
  killed: Record<string, number>;
  faults: Record<string, number>;
  clients: Omit<ClientCounts, 'unexpected'>;
  drainMs: number;
  peakRssMb: Record<string, number>;
  checks: Check[];
  /** What this scenario measured besides. */
  measured: Record<string, number | string>;
  ok: boolean;
}

/** The report as text for a terminal. */
export function render(report: Report): string {
  const { clients } = report;
  const lines = [
    '',
    `scenario ${report.scenario}, seed ${report.seed}: ${report.kills} kills in ${report.seconds.toFixed(0)} s`,
    ...table('faults', report.faults),
    ...table('killed with -9', report.killed),
    ...table('requests', { sent: clients.requests, ...clients }, ['requests']),
    ...table('peak resident memory, MB', report.peakRssMb),
    ...table('measured', { 'drain ms': report.drainMs, ...report.measured }),
    '',
    'checks',
    ...report.checks.flatMap((check) => [
      `  ${check.ok ? 'holds ' : 'BROKEN'}  ${check.name}: ${check.detail}`,
      ...check.faults.map((fault) => `            ${fault}`),
    ]),
    '',
  ];
  return lines.join('\n');
}

function table(title: string, rows: Record<string, number | string>, without: string[] = []): string[] {
  const entries = Object.entries(rows).filter(([name]) => !without.includes(name));
  if (entries.length === 0) return [];
  const width = Math.max(...entries.map(([name]) => name.length));
  return ['', title, ...entries.map(([name, value]) => `  ${name.padEnd(width)}  ${String(value).padStart(8)}`)];
}
