import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { loadStaticFiles } from './static-files';

describe('the files of the console', () => {
  const folder = mkdtempSync(join(tmpdir(), 'console-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are found by their paths, with types, compressed where that is shorter', () => {
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html>'.repeat(100));
    writeFileSync(join(folder, 'assets/a.woff2'), 'x');
    writeFileSync(join(folder, 'assets/.env'), 'SECRET');
    const files = loadStaticFiles(folder);
    expect([...files.keys()].sort()).toEqual(['assets/a.woff2', 'index.html']);
    const index = files.get('index.html');
    expect(index?.type).toBe('text/html; charset=utf-8');
    expect(brotliDecompressSync(index?.brotli ?? '')).toEqual(index?.body);
    expect(files.get('assets/a.woff2')?.brotli).toBeUndefined();
  });

  it('are none where nothing was built', () => {
    expect(loadStaticFiles(join(folder, 'missing')).size).toBe(0);
  });
});
