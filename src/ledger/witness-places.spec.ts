import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendToFile, mailText, witnessLine } from './witness-places';

const at = (tenant: string, size: number) => ({ tenant, size, note: `origin/${tenant}\n${size}\n`, signedAt: 0 });

describe('a witness file', () => {
  let dir: string;
  beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'mcp-audit-witness-'))));
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('is appended to and for its owner only', async () => {
    const file = join(dir, 'file');
    await appendToFile(file, [at('a', 1), at('b', 1)]);
    await appendToFile(file, [at('a', 2)]);
    expect(await readFile(file, 'utf8')).toBe([at('a', 1), at('b', 1), at('a', 2)].map(witnessLine).join(''));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('keeps a line that was cut apart from the next', async () => {
    const file = join(dir, 'file');
    await appendFile(file, '{"tenant":"a","si');
    await appendToFile(file, [at('a', 2)]);
    expect(await readFile(file, 'utf8')).toBe(`{"tenant":"a","si\n${witnessLine(at('a', 2))}`);
  });

  it('fails where it cannot be', async () => {
    await expect(appendToFile(join(dir, 'no', 'file'), [at('a', 1)])).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

it('the daily mail holds every note as it was signed', () => {
  const text = mailText([at('a', 1), at('b', 22)]);
  for (const { note } of [at('a', 1), at('b', 22)]) expect(text).toContain(note);
});
