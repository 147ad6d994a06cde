import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU seconds that a process has used so far, user and system, with all its threads. */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Memory of a process now and at its peak, MiB. */
export function memoryMiB(pid: number): { now: number; peak: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (field: string) => Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text)?.[1] ?? 0) / 1024);
  return { now: mib('VmRSS'), peak: mib('VmHWM') };
}

/** The processes below `pid`, named by what they are. */
export function family(pid: number): Map<string, number> {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .flatMap((m) => (m ? [{ pid: Number(m[1]), parent: Number(m[2]), args: m[3] ?? '' }] : []));
  const found = new Map<string, number>();
  const visit = (parent: number) => {
    for (const row of rows.filter((r) => r.parent === parent)) {
      if (row.args.includes('engine.cjs') && !row.args.startsWith('sh ')) found.set('clickhouse', row.pid);
      else if (row.args.startsWith('redis-server')) found.set('redis', row.pid);
      else if (row.args.includes('main.js')) {
        const role = /AUDIT_ROLE=(\w+)/.exec(readFileSync(`/proc/${row.pid}/environ`, 'utf8'))?.[1] ?? 'all';
        found.set(role, row.pid);
      }
      visit(row.pid);
    }
  };
  visit(pid);
  return found;
}

/** CPU microseconds per event that each process spent while `work` handled `count()` events. */
export class CpuMeter {
  private readonly before: Map<string, number>;

  constructor(private readonly pids: Map<string, number>) {
    this.before = new Map([...pids].map(([name, pid]) => [name, cpuSeconds(pid)]));
  }

  perEvent(events: number): Record<string, number> {
    return Object.fromEntries(
      [...this.pids].map(([name, pid]) => {
        const used = cpuSeconds(pid) - (this.before.get(name) ?? 0);
        return [name, Math.round((used * 1e7) / events) / 10];
      }),
    );
  }
}
