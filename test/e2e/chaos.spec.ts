import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Report } from '../chaos/report';
import { ROOT } from '../support/system';

const run = promisify(execFile);

describe('the system under a short storm of kills and cuts', () => {
  it('loses nothing, stores nothing twice and keeps its books', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'mcp-audit-storm-'));
    const json = join(dir, 'report.json');
    const args = ['--no-warnings', '-r', join(ROOT, 'test/support/register.cjs'), join(ROOT, 'test/chaos/main.ts')];
    const chaos = run(process.execPath, [...args, '--quick', '--seed', '7', '--dir', join(dir, 'run'), '--json', json]);
    const output = await chaos.then(
      ({ stdout }) => stdout,
      (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`,
    );
    const report = JSON.parse(await readFile(json, 'utf8').catch(() => 'null')) as Report | null;
    // Named one by one, so that a failure says which promise is broken; the output says how.
    const broken = report?.checks.filter((check) => !check.ok).map(({ name, faults }) => [name, faults]);
    if (broken === undefined) throw new Error(output);
    expect(broken).toEqual([]);
    expect(report?.kills).toBeGreaterThan(0);
    expect(report?.clients.acknowledged).toBeGreaterThan(0);
    await rm(dir, { recursive: true, force: true });
  }, 600_000);
});
