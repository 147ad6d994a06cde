import { createHash, createPublicKey, verify } from 'node:crypto';
import { get } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { findRole } from '../support/processes';
import { startSystem, System, TestTenant, waitFor } from '../support/system';

/**
 * A reader of C2SP tlog-tiles, tlog-checkpoint and signed-note, written from the specifications alone: it knows nothing of our
 * code, only a prefix, a verifier key and HTTP.
 */
class TlogReader {
  constructor(
    private readonly prefix: string,
    private readonly verifierKey: string,
    private readonly headers: Record<string, string>,
  ) {}

  /** The newest checkpoint, once its signature is found good. */
  async checkpoint(): Promise<{ size: number; root: string }> {
    const { bytes, type } = await this.fetch('checkpoint');
    expect(type).toBe('text/plain; charset=utf-8');
    const note = bytes.toString();
    const split = note.indexOf('\n\n');
    const text = note.slice(0, split + 1);
    const [name = '', id = '', encoded = ''] = splitAt(this.verifierKey, '+', 2);
    const key = Buffer.from(encoded, 'base64');
    expect(
      sha256(Buffer.from(`${name}\n`), key)
        .subarray(0, 4)
        .toString('hex'),
    ).toBe(id);
    const line =
      note
        .slice(split + 2)
        .split('\n')
        .find((text) => text.startsWith(`— ${name} `)) ?? '';
    const signature = Buffer.from(line.split(' ')[2] ?? '', 'base64');
    expect(signature.subarray(0, 4).toString('hex')).toBe(id);
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.subarray(1)]);
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
    expect(verify(null, Buffer.from(text), publicKey, signature.subarray(4))).toBe(true);
    const [origin, size, root = ''] = text.split('\n');
    expect(origin).toBe(name);
    return { size: Number(size), root: Buffer.from(root, 'base64').toString('hex') };
  }

  /** All entries of a tree, of which every tile and the root have been recomputed. */
  async entries(size: number, root: string): Promise<Buffer[]> {
    const entries: Buffer[] = [];
    for (const { path } of tiles(size)) {
      const { bytes } = await this.fetch(`tile/entries/${path}`);
      for (let at = 0; at < bytes.length;) {
        const length = bytes.readUInt16BE(at);
        entries.push(bytes.subarray(at + 2, at + 2 + length));
        at += 2 + length;
      }
    }
    expect(entries).toHaveLength(size);
    const leaves = entries.map((entry) => sha256(Buffer.from([0]), entry));
    expect(treeHash(leaves).toString('hex')).toBe(root);
    let hashes = leaves;
    for (let level = 0; hashes.length > 0; level++) {
      for (const { path, start, width } of tiles(hashes.length)) {
        const { bytes, type, cache } = await this.fetch(`tile/${level}/${path}`);
        expect(bytes).toEqual(Buffer.concat(hashes.slice(start, start + width)));
        expect(type).toBe('application/octet-stream');
        expect(cache).toContain('immutable');
      }
      const whole = Math.floor(hashes.length / 256);
      hashes = Array.from({ length: whole }, (_, i) => treeHash(hashes.slice(i * 256, (i + 1) * 256)));
    }
    return entries;
  }

  async status(path: string): Promise<number> {
    return (await fetch(`${this.prefix}/${path}`, { headers: this.headers })).status;
  }

  private async fetch(path: string): Promise<{ bytes: Buffer; type: string | null; cache: string | null }> {
    const answer = await fetch(`${this.prefix}/${path}`, { headers: this.headers });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    return { bytes, type: answer.headers.get('content-type'), cache: answer.headers.get('cache-control') };
  }
}

/** The tiles that hold `count` hashes or entries, the last of them partial. */
function* tiles(count: number): Generator<{ path: string; start: number; width: number }> {
  for (let index = 0, start = 0; start < count; index++, start += 256) {
    const width = Math.min(256, count - start);
    // No ledger of a test reaches tile 1000.
    yield { path: `${String(index).padStart(3, '0')}${width < 256 ? `.p/${width}` : ''}`, start, width };
  }
}

/** RFC 6962, section 2.1, over leaf hashes. */
function treeHash(leaves: Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0] as Buffer;
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return sha256(Buffer.from([1]), treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)));
}

/** The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2). */
function rootFromProof(leaf: Buffer, index: number, size: number, proof: string[]): string {
  let [fn, sn, hash] = [index, size - 1, leaf];
  for (const sibling of proof.map((hex) => Buffer.from(hex, 'hex'))) {
    if (fn % 2 === 1 || fn === sn) {
      hash = sha256(Buffer.from([1]), sibling, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else hash = sha256(Buffer.from([1]), hash, sibling);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  expect(sn).toBe(0);
  return hash.toString('hex');
}

function sha256(...parts: Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function splitAt(text: string, separator: string, times: number): string[] {
  const parts = text.split(separator);
  return [...parts.slice(0, times), parts.slice(times).join(separator)];
}

const events = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ eventType: 'DATA_READ', description: `read ${i}`, details: { i } }));

interface Receipt {
  id: string;
  checksum: string;
  leafHash: string;
}
async function send(tenant: TestTenant, count: number): Promise<Receipt[]> {
  const answer = await tenant.post('events?receipts=true', events(count));
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { receipts: Receipt[] }).receipts;
}

const sealed = (tenant: TestTenant, size: number): Promise<true> =>
  waitFor(async () => ((await tenant.get<{ size: number }>('ledger')).size >= size ? (true as const) : undefined), {
    what: () => `${size} events to be sealed`,
  });

async function readerOf(tenant: TestTenant): Promise<TlogReader> {
  const { items } = await tenant.get<{ items: { key: string }[] }>('ledger/keys');
  const headers = { authorization: `Bearer ${await tenant.key('viewer')}` };
  return new TlogReader(`${tenant.url}/audit/api/ledger/${tenant.name}`, items.at(-1)?.key ?? '', headers);
}

interface Proof {
  leafIndex: number;
  leafHash: string;
  inclusionProof: string[];
  envelope: string;
  checksum: string;
  checkpoint: string;
}

describe('a ledger over HTTP', () => {
  let tenant: TestTenant;
  let reader: TlogReader;
  let receipts: Receipt[];

  beforeAll(async () => {
    tenant = await TestTenant.create();
    receipts = await send(tenant, 600);
    await sealed(tenant, 600);
    reader = await readerOf(tenant);
  });

  it('is verified whole by a reader that knows the specification only', async () => {
    const { size, root } = await reader.checkpoint();
    const entries = await reader.entries(size, root);
    const hashes = new Set(entries.map((entry) => sha256(Buffer.from([0]), entry).toString('hex')));
    expect(receipts.filter((receipt) => !hashes.has(receipt.leafHash))).toEqual([]);
    expect(JSON.parse(entries.at(-1)?.toString() ?? '')).toMatchObject({ v: 1, tenant: tenant.name });
  });

  it('grows without changing what it held', async () => {
    const before = await reader.checkpoint();
    await send(tenant, 300);
    await sealed(tenant, before.size + 300);
    const after = await reader.checkpoint();
    const leaves = (await reader.entries(after.size, after.root)).map((entry) => sha256(Buffer.from([0]), entry));
    expect(treeHash(leaves.slice(0, before.size)).toString('hex')).toBe(before.root);
    const proof = await tenant.get<{ fromRoot: string; toRoot: string }>(
      `ledger/consistency?from=${before.size}&to=${after.size}`,
    );
    expect(proof).toMatchObject({ fromRoot: before.root, toRoot: after.root });
  });

  it('proves each event that was acknowledged, with the bytes that the receipt named', async () => {
    for (const { id, checksum, leafHash } of [receipts[0], receipts[255], receipts[599]] as Receipt[]) {
      const proof = await tenant.get<Proof>(`events/${id}/proof`);
      expect(proof).toMatchObject({ checksum, leafHash });
      expect(sha256(Buffer.from(proof.envelope)).toString('hex')).toBe(checksum);
      const [, size = '', root = ''] = proof.checkpoint.split('\n');
      const leaf = sha256(Buffer.from([0]), Buffer.from(proof.envelope));
      const reached = rootFromProof(leaf, proof.leafIndex, Number(size), proof.inclusionProof);
      expect(reached).toBe(Buffer.from(root, 'base64').toString('hex'));
    }
  });

  it('serves partial tiles of every width up to its size, and nothing beyond', async () => {
    const { size } = await reader.checkpoint();
    const last = String(Math.floor(size / 256)).padStart(3, '0');
    expect(await reader.status('tile/0/000.p/1')).toBe(200);
    expect(await reader.status('tile/entries/000.p/255')).toBe(200);
    expect(await reader.status(`tile/0/${last}`)).toBe(404);
    expect(await reader.status(`tile/0/${last}.p/${(size % 256) + 1}`)).toBe(404);
    expect(await reader.status('tile/2/000.p/1')).toBe(404);
    for (const odd of ['tile/0/0', 'tile/0/000.p/0', 'tile/0/000.p/256', 'tile/00/000', 'tile/0/x000/000', 'tile/x'])
      expect([odd, await reader.status(odd)]).toEqual([odd, 404]);
  });

  it('serves bundles of entries with gzip to those who take it, tiles and all else as they are', async () => {
    const prefix = `${tenant.url}/audit/api/ledger/${tenant.name}/tile`;
    const headers = { authorization: `Bearer ${await tenant.key('viewer')}` };
    const raw = (path: string, accepted: string) =>
      new Promise<{ encoding: string | undefined; cache: string | undefined; bytes: Buffer }>((done, failed) => {
        get(`${prefix}/${path}`, { headers: { ...headers, 'accept-encoding': accepted } }, (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => {
            const { 'content-encoding': encoding, 'cache-control': cache } = answer.headers;
            done({ encoding, cache, bytes: Buffer.concat(chunks) });
          });
        }).on('error', failed);
      });
    const plain = await raw('entries/000', 'identity');
    const packed = await raw('entries/000', 'br;q=1, gzip;q=0.8');
    expect([plain.encoding, packed.encoding]).toEqual([undefined, 'gzip']);
    expect(gunzipSync(packed.bytes)).toEqual(plain.bytes);
    expect(packed.bytes.length * 2).toBeLessThan(plain.bytes.length);
    expect(packed.cache).toContain('immutable');
    expect((await raw('entries/000', 'gzip;q=0')).encoding).toBeUndefined();
    expect(await raw('0/000', 'gzip')).toMatchObject({ encoding: undefined, bytes: expect.any(Buffer) as Buffer });
  });

  it('tells its state and lists its checkpoints, each larger than the last or newer', async () => {
    const { size } = await reader.checkpoint();
    expect(await tenant.get('ledger')).toMatchObject({ tenant: tenant.name, size, halted: null });
    interface Page {
      items: { size: number; signedAt: string }[];
      nextCursor: string | null;
    }
    const all = (await tenant.get<Page>('ledger/checkpoints')).items;
    const sizes = all.map((checkpoint) => checkpoint.size);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    expect(sizes.at(-1)).toBe(size);
    const first = await tenant.get<Page>('ledger/checkpoints?limit=1');
    expect(first.items).toEqual(all.slice(0, 1));
    const second = await tenant.get<Page>(`ledger/checkpoints?limit=1&cursor=${first.nextCursor ?? ''}`);
    expect(second.items).toEqual(all.slice(1, 2));
  });

  it('is read by tools that know only a URL with a password', async () => {
    const basic = Buffer.from(`auditor:${await tenant.key('viewer')}`).toString('base64');
    const answer = await fetch(`${tenant.url}/audit/api/ledger/${tenant.name}/checkpoint`, {
      headers: { authorization: `Basic ${basic}` },
    });
    expect(answer.status).toBe(200);
  });

  it('is closed to other tenants and to those without the permission', async () => {
    const other = await TestTenant.create();
    expect((await other.request(`ledger/${tenant.name}/checkpoint`, { role: 'viewer' })).status).toBe(403);
    expect((await other.request(`ledger/${tenant.name}/tile/0/000`, { role: 'viewer' })).status).toBe(403);
    expect((await other.request(`events/${receipts[0]?.id}/proof`, { role: 'viewer' })).status).toBe(404);
    expect((await tenant.request('ledger', { role: 'ingest' })).status).toBe(403);
  });

  it.each(['from=0', 'from=5&to=4', 'from=1&to=999999', 'from=x', ''])(
    'refuses a proof of consistency for %p',
    async (query) => {
      const answer = await tenant.request(`ledger/consistency?${query}`);
      expect(answer.status).toBe(400);
    },
  );

  it('has no proof of an event that it does not know', async () => {
    expect((await tenant.request('events/0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12/proof')).status).toBe(404);
    expect((await tenant.request('events/17/proof')).status).toBe(400);
  });
});

describe('the sealer', () => {
  it('seals each event by itself, also one that nothing follows', async () => {
    const tenant = await TestTenant.create();
    for (let i = 0; i < 4; i++) {
      const [receipt] = await send(tenant, 1);
      await waitFor(
        async () => ((await tenant.request(`events/${receipt?.id}/proof`)).status === 200 ? true : undefined),
        { what: () => 'the proof' },
      );
    }
  });

  it('loses and forks nothing when its process is killed again and again', async () => {
    const system: System = await startSystem({ AUDIT_CHECKPOINT_INTERVAL: '0.1' });
    try {
      const tenant = await TestTenant.create(system);
      const sent: Receipt[] = [];
      const seen: { size: number; root: string }[] = [];
      for (let kill = 0; kill < 3; kill++) {
        for (let i = 0; i < 5; i++) sent.push(...(await send(tenant, 200)));
        // After a kill the supervisor takes a moment to start the next worker.
        const worker = await waitFor(() => Promise.resolve(findRole(system.process.pid, 'worker')), {
          what: () => 'the worker',
        });
        process.kill(worker, 'SIGKILL');
        sent.push(...(await send(tenant, 1)));
        await sealed(tenant, (seen.at(-1)?.size ?? 0) + 1);
        seen.push(await (await readerOf(tenant)).checkpoint());
      }
      await sealed(tenant, sent.length);
      const reader = await readerOf(tenant);
      const { size, root } = await reader.checkpoint();
      const leaves = (await reader.entries(size, root)).map((entry) => sha256(Buffer.from([0]), entry));
      const held = new Set(leaves.map((leaf) => leaf.toString('hex')));
      expect(held.size).toBe(size);
      expect(sent.filter((receipt) => !held.has(receipt.leafHash))).toEqual([]);
      for (const old of seen) expect(treeHash(leaves.slice(0, old.size)).toString('hex')).toBe(old.root);
    } finally {
      await system.stop();
    }
  });
});
