import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const LOCK = 'owner.json';
const HEARTBEAT_MS = 10_000;
/** Past this an owner whose process cannot be looked at is taken for dead. */
const SILENCE_MS = 60_000;
/** Two readings of when one process began differ by rounding only. */
const SAME_START_MS = 2000;

interface Owner {
  host: string;
  /** 0 if it gave the directory up. */
  pid: number;
  /** ms since the epoch. */
  startedAt: number;
}

const processStart = (): number => Math.round(Date.now() - process.uptime() * 1000);

/**
 * A directory of one's own inside one that processes share, and the right to the files of those that died. Files are taken
 * over one by one by renaming, which only one can win.
 */
export class SpoolOwner {
  private heartbeat: NodeJS.Timeout | undefined;

  private constructor(
    private readonly shared: string,
    readonly dir: string,
  ) {}

  static async claim(shared: string): Promise<SpoolOwner> {
    const dir = join(shared, `p${process.pid}-${randomBytes(6).toString('hex')}`);
    const owner = new SpoolOwner(shared, dir);
    await owner.renew();
    owner.heartbeat = setInterval(() => void owner.beat(), HEARTBEAT_MS).unref();
    return owner;
  }

  /** Makes the directory, again if another process took this one for dead. */
  async renew(): Promise<void> {
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    const self: Owner = { host: hostname(), pid: process.pid, startedAt: processStart() };
    await writeFile(join(this.dir, LOCK), JSON.stringify(self), { mode: 0o600 });
  }

  /**
   * Moves the files of the dead into the own directory.
   * @param nameFor the new name of a file, or undefined to leave it
   * @returns the new names
   */
  async adopt(nameFor: (name: string) => string | undefined): Promise<string[]> {
    const adopted: string[] = [];
    for (const entry of await readdir(this.shared, { withFileTypes: true })) {
      const dir = join(this.shared, entry.name);
      if (!entry.isDirectory() || !/^p\d+-[0-9a-f]{12}$/.test(entry.name) || dir === this.dir) continue;
      if (await isAlive(dir)) continue;
      for (const name of await namesIn(dir)) {
        const own = nameFor(name);
        if (own !== undefined && (await moved(join(dir, name), join(this.dir, own)))) adopted.push(own);
      }
      await removeIfEmpty(dir);
    }
    return adopted;
  }

  /** Whether a file is still under its name here; if not, this process was taken for dead. */
  async holds(name: string): Promise<boolean> {
    return stat(join(this.dir, name)).then(
      () => true,
      () => false,
    );
  }

  /** Gives the directory up; files that are left belong to whoever starts next. */
  async release(): Promise<void> {
    clearInterval(this.heartbeat);
    const nobody: Owner = { host: hostname(), pid: 0, startedAt: 0 };
    await writeFile(join(this.dir, LOCK), JSON.stringify(nobody)).catch((error: NodeJS.ErrnoException) => {
      // It was taken over, or removed by someone.
      if (error.code !== 'ENOENT') throw error;
    });
    await removeIfEmpty(this.dir);
  }

  private async beat(): Promise<void> {
    const now = new Date();
    try {
      await utimes(join(this.dir, LOCK), now, now);
    } catch {
      // Someone took this process for dead, or the disk is away: both are noticed at the next write.
    }
  }
}

async function isAlive(dir: string): Promise<boolean> {
  const file = join(dir, LOCK);
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
    const owner = JSON.parse(text) as Owner;
    if (owner.pid === 0) return false;
    if (owner.host === hostname()) {
      if (owner.pid === process.pid) return Math.abs(owner.startedAt - processStart()) < SAME_START_MS;
      if (!exists(owner.pid)) return false;
    }
    return Date.now() - mtimeMs < SILENCE_MS;
  } catch {
    // Without a readable lock it is one that is just being made, or one that was just given up.
    const made = await stat(dir).catch(() => undefined);
    return made !== undefined && Date.now() - made.mtimeMs < SILENCE_MS;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const namesIn = (dir: string): Promise<string[]> => readdir(dir).catch(() => []);

/** False if another process was faster. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Removes a directory with nothing but its lock. */
async function removeIfEmpty(dir: string): Promise<void> {
  if ((await namesIn(dir)).some((name) => name !== LOCK)) return;
  await rm(join(dir, LOCK), { force: true });
  await rmdir(dir).catch(() => {
    // Something came in meanwhile; the next one sees to it.
  });
}
