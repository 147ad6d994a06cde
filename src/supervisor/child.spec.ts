import { ChildSpec, SupervisedChild, until } from './child';

const program = (script: string, overrides: Partial<ChildSpec> = {}): ChildSpec => ({
  name: 'child',
  command: process.execPath,
  args: ['-e', script],
  options: { stdio: ['pipe', 'ignore', 'ignore'] },
  ready: () => Promise.resolve(),
  stop: 'SIGTERM',
  graceMs: 2000,
  ...overrides,
});
const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a supervised child', () => {
  it('is started again when it is killed', async () => {
    const pids: number[] = [];
    const child = new SupervisedChild(program('setInterval(() => {}, 1000)'), (p) => pids.push(p.pid ?? 0));
    await child.start();
    process.kill(pids[0] ?? 0, 'SIGKILL');
    await until(() => (pids.length === 2 ? Promise.resolve() : Promise.reject(new Error('not yet'))), 5000);
    expect(pids[1]).not.toBe(pids[0]);
    await child.stop();
    expect(alive(pids[1] ?? 0)).toBe(false);
  });

  it('rejects its start when it ends before it serves', async () => {
    const child = new SupervisedChild(program('process.exit(3)', { ready: () => new Promise(() => {}) }));
    await expect(child.start()).rejects.toThrow('child ended (exit 3)');
    await child.stop();
  });

  it('is killed when it does not end within its grace', async () => {
    const child = new SupervisedChild(
      program('process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)', {
        graceMs: 100,
        options: { stdio: ['pipe', 'pipe', 'ignore'] },
        ready: (p) => new Promise((resolve) => p.stdout?.once('data', () => resolve())),
      }),
    );
    await child.start();
    const pid = child.pid ?? 0;
    await child.stop();
    expect(alive(pid)).toBe(false);
  });

  it('ends by itself when its standard input is what keeps it', async () => {
    const child = new SupervisedChild(program('process.stdin.resume()', { stop: 'stdin' }));
    await child.start();
    const pid = child.pid ?? 0;
    await child.stop();
    expect(alive(pid)).toBe(false);
  });
});
