import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointText, parseCheckpoint, signedNote, verifierKeyText } from '../../src/ledger/checkpoint';
import { leafHash } from '../../src/ledger/merkle';
import { mcpAudit } from '../support/cli';
import { runningSystem, TestTenant, waitFor } from '../support/system';

interface Fault {
  code: string;
  message: string;
  line?: number;
  lines?: number[];
  leafIndex?: number;
}
interface Report {
  code: number;
  result: string;
  events: number;
  unsealed: number;
  faults: Fault[];
  unverified: string[];
  warnings: string[];
}
interface Row {
  leafIndex: number;
  leafHash: string;
  checksum: string;
  underCheckpoint: boolean;
  event: { id: string; description: string };
}
interface Proof {
  leafIndex: number;
  leafHash: string;
  inclusionProof: string[];
  envelope: string;
  checkpoint: string;
  publicKeys: string[];
}

let dir: string;
let verifier: string;
let tenant: TestTenant;
let ids: string[];
let key: string;

const events = (count: number, kind: string) =>
  Array.from({ length: count }, (_, i) => ({
    eventType: kind,
    description: `number ${i}, "quoted", ünïcode`,
    details: { i, ratio: 0.1 * i },
  }));

async function send(kind: string, count: number): Promise<string[]> {
  const answer = await tenant.post('events', events(count, kind));
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { ids: string[] }).ids;
}

const sealed = (size: number) =>
  waitFor(async () => ((await tenant.get<{ size: number }>('ledger')).size >= size ? true : undefined), {
    what: () => `${size} events to be sealed`,
  });

/** Runs the verifier with plain node, outside of the project. */
function run(...args: string[]): Promise<{ code: number; stdout: string }> {
  return new Promise((done) => {
    const child = execFile(process.execPath, [verifier, ...args], { cwd: dir, maxBuffer: 1 << 26 }, (_, stdout) =>
      done({ code: child.exitCode ?? -1, stdout }),
    );
  });
}

async function check(content: string, ...args: string[]): Promise<Report> {
  const file = join(dir, 'given');
  await writeFile(file, content);
  const { code, stdout } = await run(file, '--json', ...args);
  return { code, ...(JSON.parse(stdout) as Omit<Report, 'code'>) };
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const exported = async (query: string): Promise<string> => {
  const answer = await tenant.request(`events/export?${query}`);
  expect(answer.status).toBe(200);
  return answer.text();
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mcp-audit-verify-'));
  tenant = await TestTenant.create();
  verifier = join(dir, 'verify-offline.cjs');
  const { url } = await runningSystem();
  const served = await fetch(`${url}/audit/api/ledger/verify-offline.cjs`);
  expect(served.status).toBe(200);
  await writeFile(verifier, Buffer.from(await served.arrayBuffer()));
  await send('DATA_READ', 300);
  await sealed(300);
  ids = await send('DATA_EXPORTED', 40);
  await send('DATA_READ', 300);
  await sealed(640);
  key = (await tenant.get<{ items: { key: string }[] }>('ledger/keys')).items[0]?.key ?? '';
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('the offline verifier and a proof', () => {
  let proof: Proof;
  const changed = (change: Partial<Proof>) => check(JSON.stringify({ ...proof, ...change }), '--key', key);

  beforeAll(async () => {
    proof = await tenant.get<Proof>(`events/${ids[7]}/proof`);
  });

  it('finds it sound, on one line or laid out', async () => {
    for (const text of [JSON.stringify(proof), JSON.stringify(proof, null, 2)]) {
      expect(await check(text, '--key', key)).toMatchObject({ code: 0, result: 'sound', faults: [], warnings: [] });
    }
  });

  it('says loudly that a key from the file proves little', async () => {
    const report = await check(JSON.stringify(proof));
    expect(report.code).toBe(0);
    expect(report.warnings).toEqual([expect.stringContaining('NO KEY WAS GIVEN')]);
    const { stdout } = await run(join(dir, 'given'));
    expect(stdout).toContain('consistent with itself');
    expect(stdout).not.toMatch(/^sound/m);
  });

  it.each<[string, string, () => Partial<Proof>]>([
    ['an altered envelope', 'altered', () => ({ envelope: proof.envelope.replace('number', 'Number') })],
    ['another leaf index', 'not-in-tree', () => ({ leafIndex: proof.leafIndex + 1 })],
    ['a leaf index beyond the tree', 'not-in-tree', () => ({ leafIndex: 1e9 })],
    ['a removed hash', 'not-in-tree', () => ({ inclusionProof: proof.inclusionProof.slice(1) })],
    ['an added hash', 'not-in-tree', () => ({ inclusionProof: [...proof.inclusionProof, proof.leafHash] })],
    ['swapped hashes', 'not-in-tree', () => ({ inclusionProof: [...proof.inclusionProof].reverse() })],
    ['a foreign tenant', 'foreign', () => ({ tenant: 'other' }) as Partial<Proof>],
    ['no checkpoint', 'malformed', () => ({ checkpoint: 'none' })],
    [
      'an altered checkpoint',
      'forged',
      () => ({ checkpoint: proof.checkpoint.replace(/\n(\d+)\n/, (_, size: string) => `\n${Number(size) + 1}\n`) }),
    ],
  ])('names %s as %s', async (_, code, change) => {
    const report = await changed(change());
    expect(report.code).toBe(1);
    expect(report.faults.map((fault) => fault.code)).toContain(code);
  });

  it('does not accept a checkpoint that somebody else signed, though the file brings the key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const parsed = parseCheckpoint(proof.checkpoint);
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(12);
    const text = checkpointText(parsed);
    const own = { name: parsed.origin, publicKey: raw };
    const checkpoint = signedNote(text, own, sign(null, Buffer.from(text), privateKey));
    const forged = { ...proof, checkpoint, publicKeys: [verifierKeyText(own)] };
    expect(await check(JSON.stringify(forged))).toMatchObject({ code: 0 });
    expect(await check(JSON.stringify(forged), '--key', key)).toMatchObject({
      code: 1,
      faults: [{ code: 'wrong-key', message: expect.stringContaining('none of the known keys') as string }],
    });
  });

  it('names a file that was cut', async () => {
    const text = JSON.stringify(proof, null, 2);
    expect(await check(text.slice(0, text.length / 2))).toMatchObject({ code: 1, faults: [{ code: 'cut' }] });
  });
});

describe('the offline verifier and an export', () => {
  let some: string;
  let rows: Row[];

  beforeAll(async () => {
    some = await exported('proofs=true&eventType=DATA_EXPORTED');
    rows = some
      .split('\n')
      .filter((line) => line.startsWith('{"leafIndex"'))
      .map((line) => JSON.parse(line) as Row);
    expect(rows).toHaveLength(40);
  });

  /** The export with one of its lines (from 1) changed; undefined removes it. */
  const withLine = (number: number, change: (line: string) => string | undefined) =>
    some
      .split('\n')
      .flatMap((line, i) => (i === number - 1 ? (change(line) ?? []) : line))
      .join('\n');
  const lineWith = (start: string) => some.split('\n').findIndex((line) => line.startsWith(start)) + 1;

  it('finds some events of a ledger sound, by the hashes around them', async () => {
    const report = await check(some, '--key', key);
    expect(report).toMatchObject({ code: 0, result: 'sound', events: 40, unsealed: 0, faults: [], warnings: [] });
  });

  it('finds a whole ledger sound', async () => {
    const all = await exported('proofs=true');
    const report = await check(all, '--key', key);
    expect(report).toMatchObject({ code: 0, faults: [] });
    expect(report.events).toBeGreaterThanOrEqual(640);
  });

  it('says which events were not sealed yet', async () => {
    const note = (JSON.parse(some.trimEnd().split('\n').at(-1) ?? '') as { ledger: { checkpoint: string } }).ledger;
    expect(parseCheckpoint(note.checkpoint).size).toBeGreaterThanOrEqual(640);
    const row = { ...rows[0], leafIndex: 1e6, underCheckpoint: false };
    const late = withLine(2, () => undefined)
      .replace(/^.*\n/, (line) => line + JSON.stringify(row) + '\n')
      .replace('"unsealed":0', '"unsealed":1');
    const report = await check(late, '--key', key);
    expect(report.unsealed).toBe(1);
    expect(report.warnings).toEqual([expect.stringContaining('1 event(s) were not sealed')]);
  });

  it.each<[string, Fault, () => string]>([
    [
      'an altered field',
      { code: 'altered', line: 5, message: 'checksum' },
      () => withLine(5, (line) => line.replace('quoted', 'Quoted')),
    ],
    [
      'an altered leaf hash',
      { code: 'altered', line: 3, message: 'leaf hash' },
      () => withLine(3, (line) => line.replace(/"leafHash":"../, '"leafHash":"00')),
    ],
    [
      'a removed line',
      { code: 'missing', message: 'lines were removed' },
      () => withLine(9, () => undefined).replace('"rows":40', '"rows":39'),
    ],
    [
      'a removed line that is counted',
      { code: 'rows-missing', message: '40 events' },
      () => withLine(9, () => undefined),
    ],
    [
      'a doubled line',
      { code: 'duplicate', line: 5, message: 'line 4' },
      () => withLine(4, (line) => `${line}\n${line}`),
    ],
    [
      'a spoilt line',
      { code: 'malformed', line: 6, message: 'no JSON' },
      () => withLine(6, (line) => line.slice(0, line.length - 5)),
    ],
    [
      'a removed hash of a gap',
      { code: 'proof-incomplete', line: 0, message: 'need' },
      () => withLine(lineWith('{"gap"'), (line) => line.replace(/\["[0-9a-f]{64}",/, '[')),
    ],
    [
      'a removed gap',
      { code: 'missing', message: 'neither events' },
      () => withLine(lineWith('{"gap"'), () => undefined),
    ],
    [
      'an altered hash of a gap',
      { code: 'not-in-tree', message: 'in the ledger' },
      () => withLine(lineWith('{"gap"'), (line) => line.replace(/\["../, '["00')),
    ],
    ['a file that was cut', { code: 'cut', message: 'cut short' }, () => some.slice(0, some.lastIndexOf('{"ledger"'))],
  ])('names %s', async (_, fault, forge) => {
    const report = await check(forge(), '--key', key);
    expect(report.code).toBe(1);
    const found = report.faults.find(({ code }) => code === fault.code);
    expect(found?.message).toContain(fault.message);
    if (fault.line) expect(found?.line).toBe(fault.line);
  });

  it('names the tile of an event that was replaced together with its hashes, and no other lines', async () => {
    const row = rows[20] as Row;
    const forged = withLine(21, (line) => {
      const envelope = line.slice(line.indexOf('"event":') + 8, -1).replace('quoted', 'forged');
      return line
        .replace(/"event":.*/, () => `"event":${envelope}}`)
        .replace(row.leafHash, leafHash(Buffer.from(envelope)).toString('hex'))
        .replace(row.checksum, () => sha256(envelope));
    });
    const report = await check(forged, '--key', key);
    expect(report).toMatchObject({ code: 1, faults: [{ code: 'not-in-tree' }] });
    expect(report.faults[0]?.lines ?? [report.faults[0]?.line]).toContain(21);
    expect((report.faults[0]?.lines ?? []).length).toBeLessThanOrEqual(40);
  });

  it('names two lines whose leaf indices were swapped', async () => {
    const [a, b] = [rows[0] as Row, rows[39] as Row];
    const swapped = withLine(1, (line) => line.replace(`:${a.leafIndex},`, `:${b.leafIndex},`))
      .split('\n')
      .map((line, i) => (i === 39 ? line.replace(`:${b.leafIndex},`, `:${a.leafIndex},`) : line))
      .join('\n');
    const report = await check(swapped, '--key', key);
    expect(report.code).toBe(1);
    expect(report.faults[0]?.code).toBe('not-in-tree');
  });

  it('does not accept the key of another ledger', async () => {
    const other = await TestTenant.create();
    await other.post('events', events(1, 'DATA_READ'));
    const { items } = await other.get<{ items: { key: string }[] }>('ledger/keys');
    expect(await check(some, '--key', items[0]?.key ?? '')).toMatchObject({ code: 1, faults: [{ code: 'wrong-key' }] });
  });

  it('cannot tell without proofs, and says what to do', async () => {
    const report = await check(await exported('eventType=DATA_EXPORTED'), '--key', key);
    expect(report).toMatchObject({ code: 2, result: 'unverified', faults: [] });
    expect(report.unverified[0]).toContain('--proofs');
    expect(await check(await exported('format=csv'), '--key', key)).toMatchObject({ code: 2 });
    expect(await check('hello', '--key', key)).toMatchObject({ code: 2 });
    expect((await run('missing.ndjson')).code).toBe(2);
    expect((await run()).code).toBe(2);
    expect((await run('given', '--key', 'x+y+z')).code).toBe(2);
    expect(await run('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('Exit code') as string });
  });

  it('compares with a checkpoint that was kept, of the same size or with a proof of consistency', async () => {
    const { items } = await tenant.get<{ items: { size: number; note: string }[] }>('ledger/checkpoints');
    const own = (
      JSON.parse(some.trimEnd().split('\n').at(-1) ?? '') as { ledger: { checkpoint: string; size: number } }
    ).ledger;
    const kept = join(dir, 'kept');
    await writeFile(kept, own.checkpoint);
    expect(await check(some, '--key', key, '--checkpoint', kept)).toMatchObject({ code: 0 });
    const older = items[0] as { size: number; note: string };
    expect(older.size).toBeLessThan(own.size);
    await writeFile(kept, older.note);
    const alone = await check(some, '--key', key, '--checkpoint', kept);
    expect(alone.code).toBe(2);
    expect(alone.unverified[0]).toContain(`from=${older.size}&to=${own.size}`);
    const proof = join(dir, 'consistency');
    const answer = await tenant.get<{ proof: string[] }>(`ledger/consistency?from=${older.size}&to=${own.size}`);
    await writeFile(proof, JSON.stringify(answer));
    const both = ['--checkpoint', kept, '--consistency', proof];
    expect(await check(some, '--key', key, ...both)).toMatchObject({ code: 0, faults: [] });
    await writeFile(proof, JSON.stringify({ ...answer, proof: [...answer.proof].reverse() }));
    expect(await check(some, '--key', key, ...both)).toMatchObject({ code: 1, faults: [{ code: 'fork' }] });
  });

  it('is what mcp-audit export writes, with the checkpoint beside other forms', async () => {
    const { dataDir } = await runningSystem();
    const file = join(dir, 'cli.ndjson');
    const base = ['export', '--tenant', tenant.name, '--type', 'DATA_EXPORTED'];
    expect(await mcpAudit(dataDir, ...base, '--proofs', '-o', file)).toMatchObject({ code: 0 });
    expect((await run(file, '--key', key)).code).toBe(0);
    const csv = join(dir, 'cli.csv');
    expect(await mcpAudit(dataDir, ...base, '--format', 'csv', '-o', csv)).toMatchObject({ code: 0 });
    expect((await readFile(csv, 'utf8')).split('\r\n')[0]).toContain('"leafHash","underCheckpoint"');
    expect(parseCheckpoint(await readFile(`${csv}.checkpoint`, 'utf8')).origin).toContain(tenant.name);
    expect((await mcpAudit(dataDir, ...base, '--format', 'csv', '--proofs', '-o', csv)).code).not.toBe(0);
  });
});
