import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { readRuntime } from '../../src/supervisor/runtime-file';
import type { System } from './system';

/** Where texts were found: text → places. */
export type Traces = Map<string, string[]>;

/**
 * Looks for texts in all that a system has kept: every file of its data directory, every column of every table of ClickHouse
 * (whose files are compressed), what ClickHouse remembers of queries and errors, and its output. In plain, hex and base64.
 */
export async function findTraces(system: System, texts: readonly string[]): Promise<Traces> {
  const traces: Traces = new Map();
  const forms = texts.map((text) => ({ text, forms: formsOf(text) }));
  const search = (place: string, content: Buffer) => {
    for (const { text, forms: all } of forms) {
      if (all.some((form) => content.includes(form))) traces.set(text, [...(traces.get(text) ?? []), place]);
    }
  };
  search('output', Buffer.from(system.output()));
  for await (const { table, content } of tables(system.dataDir)) search(`table ${table}`, content);
  for (const file of await files(system.dataDir)) {
    const content = await readFile(join(system.dataDir, file)).catch(goneMeanwhile);
    if (content) search(`file ${file}`, content);
  }
  return traces;
}

/** The text, in hex, and the three ways in which base64 shows it inside of something longer. */
function formsOf(text: string): (string | Buffer)[] {
  const hex = Buffer.from(text).toString('hex');
  const base64 = [0, 1, 2].map((shift) => {
    const whole = Buffer.from(`${'\0'.repeat(shift)}${text}`)
      .toString('base64')
      .replace(/=+$/, '');
    // The first characters mix with what stands before, the last one with what comes behind.
    return whole.slice(Math.ceil((shift * 4) / 3), -1);
  });
  const urlSafe = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  return [text, hex, hex.toUpperCase(), ...base64, ...urlSafe];
}

/** Merges and mutations remove files all the time. */
function goneMeanwhile(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

async function files(dataDir: string): Promise<string[]> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name).slice(dataDir.length + 1));
}

async function* tables(dataDir: string): AsyncGenerator<{ table: string; content: Buffer }> {
  const clickhouse = createClient({ url: (await readRuntime(dataDir))?.clickhouseUrl ?? '' });
  const text = async (query: string) => (await clickhouse.query({ query, format: 'TabSeparatedRaw' })).text();
  try {
    await clickhouse.command({ query: 'SYSTEM FLUSH LOGS' });
    const named = await text(
      `SELECT database || '.' || name FROM system.tables
       WHERE (database LIKE 'audit%' AND engine NOT LIKE '%View' AND engine != 'Distributed')
          OR (database = 'system' AND (name LIKE '%\\\\_log' OR name IN ('errors', 'mutations', 'warnings', 'processes', 'parts')))`,
    );
    for (const table of named.trim().split('\n'))
      yield { table, content: Buffer.from(await text(`SELECT * FROM ${table}`)) };
  } finally {
    await clickhouse.close();
  }
}
