import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { mcpAudit } from '../support/cli';
import { readCsv } from '../support/csv';
import { ROOT, runningSystem, TestTenant } from '../support/system';

/** The log of a real server under attack. It is no part of the project. */
const LOG = resolve(ROOT, '../shared/data/OpenSSH_2k.log');
const present = existsSync(LOG);
if (!present) process.stderr.write(`skipped: the test on a real log needs ${LOG}\n`);

/** One line for each failed authentication, repetitions written out, made without our parser. */
const FAILURES = String.raw`awk '
  /sshd\[[0-9]+\]: Failed / { print }
  match($0, /message repeated [0-9]+ times: \[ Failed /) {
    split(substr($0, RSTART), words, " ")
    for (n = 0; n < words[3]; n++) print
  }' "$LOG"`;

function shell(script: string): string {
  return execFileSync('sh', ['-c', script], { env: { PATH: process.env.PATH, LC_ALL: 'C', LOG }, encoding: 'utf8' });
}

interface Report {
  linesRead: number;
  events: number;
  accepted: number;
  added: number;
  alreadyKnown: number;
  linesRejected: number;
}

(present ? describe : describe.skip)('the log of a real SSH server, imported', () => {
  const expectedTotal = () => Number(shell(`${FAILURES} | wc -l`));
  /** `count address` in falling order. */
  const expectedByAddress = () =>
    shell(`${FAILURES} | grep -oE 'from [0-9.]+ port' | awk '{ print $2 }' | sort | uniq -c | sort -rn`)
      .trim()
      .split('\n')
      .map((line) => line.trim().split(' '))
      .map(([count, key]) => ({ key: key ?? '', count: Number(count) }));

  let dir: string;
  let dataDir: string;
  let tenant: TestTenant;
  let first: Report;

  const importLog = async (): Promise<Report> => {
    const args = [LOG, '--format', 'sshd', '--year', '2015', '--tenant', tenant.name, '--json'];
    const { code, stdout, stderr } = await mcpAudit(dataDir, 'import', ...args);
    if (code !== 0) throw new Error(`import ended with ${code}: ${stderr}${stdout}`);
    return JSON.parse(stdout) as Report;
  };
  const count = (query: string) =>
    tenant.get<{ total: number; groups?: { key: string; count: number }[] }>(`events/count?${query}`);

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ssh-log-'));
    ({ dataDir } = await runningSystem());
    tenant = await TestTenant.create();
    first = await importLog();
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('reads every line and has each event stored', () => {
    expect(first.linesRead).toBe(Number(shell('awk "END { print NR }" "$LOG"')));
    expect(first).toMatchObject({ linesRejected: 0, accepted: first.events, added: first.events, alreadyKnown: 0 });
  });

  it('has as many failed logins as text tools count', async () => {
    expect(expectedTotal()).toBeGreaterThan(500);
    expect((await count('eventType=LOGIN_FAILED')).total).toBe(expectedTotal());
  });

  it('names the ten addresses with most failures', async () => {
    const expected = expectedByAddress();
    const { groups = [] } = await count('eventType=LOGIN_FAILED&groupBy=ipAddress&top=10');
    expect(groups.map((g) => g.count)).toEqual(expected.slice(0, 10).map((e) => e.count));
    // Which of those with equal counts comes tenth is free.
    for (const group of groups) expect(expected).toContainEqual({ key: group.key, count: group.count });
  });

  it('keeps the time of the lines', async () => {
    const day = (from: string, to: string) => count(`eventType=LOGIN_FAILED&from=${from}&to=${to}`);
    const first9 = Number(shell(`${FAILURES} | grep -c '^Dec 10 09:'`));
    expect((await day('2015-12-10T09:00:00Z', '2015-12-10T10:00:00Z')).total).toBe(first9);
  });

  it('exports the same as CSV', async () => {
    const file = join(dir, 'failed.csv');
    const filters = ['--type', 'LOGIN_FAILED', '--tenant', tenant.name];
    const result = await mcpAudit(dataDir, 'export', '--format', 'csv', '--output', file, ...filters);
    expect(result).toMatchObject({ code: 0 });
    const records = readCsv(await readFile(file, 'utf8'));
    const column = Object.keys(records[0] ?? {}).find((name) => /ip_?address$/i.test(name)) ?? '';
    const byAddress = new Map<string, number>();
    for (const record of records) byAddress.set(record[column] ?? '', (byAddress.get(record[column] ?? '') ?? 0) + 1);
    expect(records).toHaveLength(expectedTotal());
    expect(byAddress).toEqual(new Map(expectedByAddress().map(({ key, count }) => [key, count])));
  });

  it('finds them on the command line', async () => {
    const args = ['--type', 'LOGIN_FAILED', '--group-by', 'ipAddress', '--json', '--tenant', tenant.name];
    const { stdout } = await mcpAudit(dataDir, 'search', ...args);
    expect(JSON.parse(stdout)).toMatchObject({ total: expectedTotal() });
  });

  it('adds nothing when it is imported again', async () => {
    const before = (await count('service=sshd')).total;
    expect(await importLog()).toMatchObject({ accepted: first.events, added: 0, alreadyKnown: first.events });
    expect((await count('service=sshd')).total).toBe(before);
  });
});
