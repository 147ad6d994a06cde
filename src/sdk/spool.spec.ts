import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { linesOf, makeBatch } from './batch';
import type { AuditError } from './errors';
import type { Severity } from './types';
import { Spool } from './spool';

const LOCK = 'owner.json';

describe('the spool', () => {
  let dir: string;
  let errors: AuditError[];
  let dropped: [Severity, number][];
  const opened: Spool[] = [];
  const open = async (options: { key?: string; oldKeys?: string[]; maxBytes?: number } = {}) => {
    const spool = await Spool.open({ dir, sync: false, ...options }, 'api-key', {
      onDropped: (severity, events) => dropped.push([severity, events]),
      onGone: () => {},
      onError: (error) => errors.push(error),
    });
    opened.push(spool);
    return spool;
  };
  const batch = (text: string, severity: Severity = 'info') => makeBatch(severity, [text], []);
  /** As if the process had been killed: the files stay, the owner is no more. */
  const die = async () => {
    for (const name of await readdir(dir)) {
      if (name.startsWith('p'))
        await writeFile(join(dir, name, LOCK), JSON.stringify({ host: hostname(), pid: 2 ** 30, startedAt: 0 }));
    }
  };
  const files = async () =>
    (await readdir(dir, { recursive: true })).filter((name) => name.endsWith('.spool')).map((name) => join(dir, name));
  const drain = async (spool: Spool) => {
    const texts: string[] = [];
    for (let taken = await spool.take(); taken; taken = await spool.take()) {
      texts.push(...(await linesOf(taken)));
      await spool.settle(taken.id);
    }
    return texts;
  };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'mcp-audit-spool-'));
    [errors, dropped] = [[], []];
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((spool) => spool.close()));
    await rm(dir, { recursive: true, force: true });
  });

  it('gives the most severe first, of those the oldest, and leaves no file behind', async () => {
    const spool = await open();
    for (const [text, severity] of [
      ['1', 'low'],
      ['2', 'critical'],
      ['3', 'low'],
      ['4', 'critical'],
    ] as const) {
      await spool.put(await batch(text, severity));
    }
    expect(await drain(spool)).toEqual(['2', '4', '1', '3']);
    expect(await files()).toEqual([]);
    expect(spool.bytes).toBe(0);
    await spool.close();
    expect(await readdir(dir)).toEqual([]);
  });

  it('gives what was released again, and knows that the server may have it', async () => {
    const spool = await open();
    await spool.put(await batch('a'));
    const first = await spool.take();
    expect(await spool.take()).toBeUndefined();
    if (first) spool.release({ ...first, unsure: true });
    expect(await spool.take()).toMatchObject({ id: first?.id, unsure: true });
  });

  it('hands what a killed process left to the next, with the same ids', async () => {
    const first = await open();
    const put = await batch('left behind', 'high');
    await first.put(put);
    await die();
    const second = await open();
    expect(second.waiting()).toEqual([put.id]);
    expect(await second.take()).toMatchObject({ id: put.id, severity: 'high', count: 1, unsure: true });
    expect((await readdir(dir)).length).toBe(1);
  });

  it('leaves the files of the living alone', async () => {
    const first = await open();
    await first.put(await batch('mine'));
    const second = await open();
    expect(second.waiting()).toEqual([]);
    expect(await drain(first)).toEqual(['mine']);
  });

  it('takes each batch up once when several look for those of the dead', async () => {
    const dead = await open();
    for (let i = 0; i < 20; i++) await dead.put(await batch(`${i}`, i % 2 ? 'low' : 'high'));
    await die();
    const heirs = await Promise.all([open(), open(), open()]);
    const texts = (await Promise.all(heirs.map(drain))).flat();
    expect(texts.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('notices that it was taken for dead while it stood still', async () => {
    const first = await open();
    await first.put(await batch('before'));
    await die();
    const second = await open();
    expect(await drain(second)).toEqual(['before']);
    const late = await batch('after');
    await expect(first.put(late)).rejects.toThrow('taken over');
    expect(await first.put(late)).toBe(true);
    expect(await drain(first)).toEqual(['after']);
  });

  it.each([1, 5, 30, 85])('gives all whole records when the last %i bytes were torn off', async (bytes) => {
    const spool = await open();
    for (const text of ['one', 'two', 'three']) await spool.put(await batch(text));
    await die();
    const [file = ''] = await files();
    await truncate(file, (await readFile(file)).length - bytes);
    const next = await open();
    expect(await drain(next)).toEqual(bytes === 85 ? ['one'] : ['one', 'two']);
    expect(errors).toEqual([]);
  });

  it('passes over rubbish at the end', async () => {
    const spool = await open();
    await spool.put(await batch('one'));
    await die();
    const [file = ''] = await files();
    await appendFile(file, Buffer.alloc(500, 7));
    const next = await open();
    expect(await drain(next)).toEqual(['one']);
  });

  it('keeps nothing readable on disk, and no longer than needed', async () => {
    const spool = await open();
    const secret = 'the-name-of-a-person';
    await spool.put(await batch(secret.repeat(20)));
    const [file = ''] = await files();
    expect((await readFile(file)).includes(secret.slice(0, 8))).toBe(false);
    await drain(spool);
  });

  it('reads what an earlier key wrote, and sets aside what no key opens', async () => {
    const spool = await open({ key: 'first' });
    await spool.put(await batch('old'));
    await die();
    const other = await open({ key: 'second' });
    expect(await drain(other)).toEqual([]);
    expect(errors).toMatchObject([{ code: 'SPOOL_FAILED' }]);
    const [aside = ''] = (await readdir(dir)).filter((name) => name.endsWith('.unreadable'));
    await mkdir(join(dir, 'p1-000000000000'));
    await writeFile(join(dir, 'p1-000000000000', aside.replace('.unreadable', '')), await readFile(join(dir, aside)));
    await writeFile(
      join(dir, 'p1-000000000000', LOCK),
      JSON.stringify({ host: hostname(), pid: 2 ** 30, startedAt: 0 }),
    );
    const third = await open({ key: 'third', oldKeys: ['second', 'first'] });
    expect(await drain(third)).toEqual(['old']);
  });

  it('drops a record that was changed, and goes on', async () => {
    const spool = await open();
    await spool.put(await batch('one'));
    await spool.put(await batch('two'));
    const [file = ''] = await files();
    const content = await readFile(file);
    content[40 + 28 + 20] = (content[40 + 28 + 20] ?? 0) ^ 1;
    await writeFile(file, content);
    expect(await drain(spool)).toEqual(['two']);
    expect(errors).toMatchObject([{ code: 'SPOOL_FAILED', events: 1 }]);
    expect(dropped).toEqual([['info', 1]]);
  });

  it('beyond its bound drops the oldest of the least severe, and nothing that matters more', async () => {
    const spool = await open({ maxBytes: 65_536 });
    const noise = () => Array.from({ length: 2000 }, () => Math.random().toString(36)).join('');
    const put = async (name: string, severity: Severity) => spool.put(await makeBatch(severity, [name, noise()], []));
    expect(await put('critical 1', 'critical')).toBe(true);
    expect(await put('low 1', 'low')).toBe(true);
    expect(await put('low 2', 'low')).toBe(true);
    expect(await put('info 1', 'info')).toBe(false);
    expect(dropped).toEqual([]);
    expect(await put('high 1', 'high')).toBe(true);
    expect(dropped).toEqual([['low', 2]]);
    expect(await put('high 2', 'high')).toBe(true);
    expect(dropped).toEqual([
      ['low', 2],
      ['low', 2],
    ]);
    const kept = (await drain(spool)).filter((text) => text.length < 20);
    expect(kept).toEqual(['critical 1', 'high 1', 'high 2']);
  });
});
