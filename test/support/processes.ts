import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** One line of the process table. */
interface Entry {
  pid: number;
  parent: number;
  state: string;
}

/** The processes of this machine, from /proc; those that end while we look are left out. */
function processTable(): Entry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = read(`/proc/${name}/stat`);
      // The command stands in parentheses and may hold anything, so the fields count from the last one.
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return state && parent ? [{ pid: Number(name), parent: Number(parent), state }] : [];
    });
}

/** All processes below `pid` that still run, nearest first. */
export function descendants(pid: number): number[] {
  const table = processTable().filter(({ state }) => state !== 'Z');
  const found: number[] = [];
  for (let level = [pid]; level.length > 0;) {
    level = table.filter(({ parent }) => level.includes(parent)).map((entry) => entry.pid);
    found.push(...level);
  }
  return found;
}

/** The process at or below `root` whose command line holds `needle`, such as an engine behind its guard. */
export function findProcess(root: number | undefined, needle: string): number | undefined {
  if (root === undefined) return undefined;
  return [root, ...descendants(root)].reverse().find((pid) => {
    const args = read(`/proc/${pid}/cmdline`).split('\0');
    return args[0] !== 'sh' && args.some((arg) => arg.includes(needle));
  });
}

/** The process below `root` that was started with this AUDIT_ROLE. */
export function findRole(root: number | undefined, role: 'api' | 'worker'): number | undefined {
  if (root === undefined) return undefined;
  return descendants(root)
    .reverse()
    .find((pid) => read(`/proc/${pid}/environ`).split('\0').includes(`AUDIT_ROLE=${role}`));
}

export interface Memory {
  /** Resident now and at most since the process began, in bytes. */
  rss: number;
  peak: number;
}

/** Memory of a process, or undefined if it is gone. */
export function memoryOf(pid: number): Memory | undefined {
  const status = read(`/proc/${pid}/status`);
  const bytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN) * 1024;
  const memory = { rss: bytes('VmRSS'), peak: bytes('VmHWM') };
  return Number.isNaN(memory.rss) ? undefined : memory;
}

/** CPU time that a process has used so far, user and system, in ms. */
export function cpuMsOf(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isNaN(ticks) ? undefined : ticks * MS_PER_TICK;
}

/** Which of the processes holds the end of a TCP connection (IPv4) that has this local port; undefined if none does. */
export function holderOf(port: number, pids: readonly number[]): number | undefined {
  const address = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const line = read('/proc/net/tcp')
    .split('\n')
    .map((text) => text.trim().split(/\s+/))
    .find(([, local]) => local?.endsWith(address));
  const inode = line?.[9];
  return inode === undefined ? undefined : pids.find((pid) => openFiles(pid).includes(`socket:[${inode}]`));
}

/** Sends a signal; false if there is no such process any more. */
export function signal(pid: number | undefined, name: NodeJS.Signals): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** USER_HZ is 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10;

const read = (file: string): string => unlessGone(() => readFileSync(file, 'utf8')) ?? '';

function openFiles(pid: number): string[] {
  const names = unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return names.map((name) => unlessGone(() => readlinkSync(`/proc/${pid}/fd/${name}`)) ?? '');
}

function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
