import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../common/app-error';
import { Checkpoint, openCheckpoint, VerifierKey } from './checkpoint';
import { Frontier, HASH_BYTES, leafHash } from './merkle';
import { decodeBundle, hashesAt, TILE_WIDTH, TiledHash, tiledHashes, tilePath, TileName } from './tiles';
import { Fault, FaultKind, Findings, FindingsView, Note, NoteKind, VerificationProgress } from './verify-report';

/** What was found in a directory of C2SP tlog-tiles. */
export interface DirectoryReport {
  format: 'mcp-audit-directory-verification/1';
  origin: string;
  sound: boolean;
  size: number;
  checkpoint: string;
  /** Entries whose bytes were hashed. */
  events: number;
  tiles: number;
  faults: FindingsView<FaultKind>;
  notes: FindingsView<NoteKind>;
}

export interface DirectoryRequest {
  dir: string;
  keys: readonly VerifierKey[];
  /** A checkpoint got earlier: its note. */
  older?: string | undefined;
}

/**
 * Verifies a directory laid out as tlog-tiles (`checkpoint`, `tile/…`, `tile/entries/…`) without any database: signature, each
 * entry against its leaf, all tiles, the root, and an older checkpoint.
 * @throws AppError if a checkpoint cannot be read or none of the keys signed it
 */
export async function verifyDirectory(
  { dir, keys, older }: DirectoryRequest,
  progress: (state: VerificationProgress) => void = () => undefined,
): Promise<DirectoryReport> {
  const note = await readNote(join(dir, 'checkpoint'));
  const newest = openBy(keys, note);
  const before = older === undefined ? undefined : openBy(keys, older);
  const walk = new DirectoryWalk(dir, newest, before);
  await walk.run(progress);
  const { faults, notes, events, tiles } = walk;
  return {
    ...{ format: 'mcp-audit-directory-verification/1', origin: newest.origin, sound: faults.total === 0 },
    ...{ size: newest.size, checkpoint: note, events, tiles, faults: faults.view(), notes: notes.view() },
  };
}

async function readNote(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('CHECKPOINT_UNREADABLE', 400, `${file} cannot be read; it has to hold a signed checkpoint`, {
      cause,
    });
  }
}

function openBy(keys: readonly VerifierKey[], note: string): Checkpoint {
  const checkpoint = openCheckpoint(
    note,
    keys.map((key) => key.publicKey),
  );
  if (keys.some((key) => key.name === checkpoint.origin)) return checkpoint;
  throw new AppError(
    'CHECKPOINT_FOREIGN',
    422,
    `the checkpoint is that of ${checkpoint.origin}, which none of the keys names`,
  );
}

class DirectoryWalk {
  readonly faults = new Findings<FaultKind>();
  readonly notes = new Findings<NoteKind>();
  events = 0;
  tiles = 0;
  private readonly tree = new Frontier();
  private readonly completed: TiledHash[] = [];

  constructor(
    private readonly dir: string,
    private readonly newest: Checkpoint,
    private readonly before: Checkpoint | undefined,
  ) {}

  async run(progress: (state: VerificationProgress) => void): Promise<void> {
    const { size, root } = this.newest;
    if (this.before && this.before.size > size) {
      this.checkpointFault(`the ledger ends at ${size}, but the older checkpoint covers ${this.before.size} leaves`);
    }
    this.compareOlder();
    const above = new Map<number, Buffer[]>();
    for (let index = 0; index * TILE_WIDTH < size; index++) {
      const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
      await this.appendTile({ level: 0, index, width });
      for (const { level, hash } of this.completed.splice(0)) above.set(level, [...(above.get(level) ?? []), hash]);
      for (const [level, hashes] of above) {
        if (hashes.length < TILE_WIDTH) continue;
        const last = this.tree.size / TILE_WIDTH ** level;
        await this.compareTile({ level, index: last / TILE_WIDTH - 1, width: TILE_WIDTH }, hashes.splice(0));
      }
      progress({ done: this.tree.size, total: size });
    }
    for (const [level, hashes] of above) {
      const index = Math.floor(hashesAt(level, size) / TILE_WIDTH);
      if (hashes.length > 0) await this.compareTile({ level, index, width: hashes.length }, hashes);
    }
    if (!this.tree.root().equals(root)) this.checkpointFault('the tiles do not give the root that was signed');
  }

  /** Appends a tile of leaves; where it is gone its entries stand in for it. */
  private async appendTile(name: TileName): Promise<void> {
    const first = name.index * TILE_WIDTH;
    const hashes = await this.read(name, name.width * HASH_BYTES);
    const bundle = await this.read({ ...name, level: 'entries' });
    const entries = bundle && this.decode(bundle, name);
    if (!hashes) this.tileFault(name, 'the tile is not there, or has another length');
    else this.tiles++;
    if (!entries) this.absent(first, name.width);
    for (let i = 0; i < name.width; i++) {
      const entry = entries?.[i];
      const of = entry && leafHash(entry);
      const kept = hashes?.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
      if (of) this.events++;
      if (of && kept && !of.equals(kept)) this.entryFault(first + i, entry);
      this.append(kept ?? of ?? Buffer.alloc(HASH_BYTES));
    }
  }

  private append(hash: Buffer): void {
    this.tree.append(hash, (first, hashes) => this.completed.push(...tiledHashes(first, hashes)));
    this.compareOlder();
  }

  private compareOlder(): void {
    if (this.tree.size !== this.before?.size || this.tree.root().equals(this.before.root)) return;
    this.checkpointFault(`the ledger is no continuation of the older checkpoint of size ${this.before.size}`);
  }

  private decode(bundle: Buffer, name: TileName): Buffer[] | undefined {
    try {
      const entries = decodeBundle(bundle);
      if (entries.length === name.width) return entries;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    this.tileFault({ ...name, level: 'entries' }, `the bundle does not hold ${name.width} whole entries`);
    return undefined;
  }

  private async compareTile(name: TileName, computed: Buffer[]): Promise<void> {
    const stored = await this.read(name, name.width * HASH_BYTES);
    this.tiles++;
    if (!stored) this.tileFault(name, 'the tile is not there, or has another length');
    else if (!stored.equals(Buffer.concat(computed)))
      this.tileFault(name, 'its hashes are not those of the leaves below');
  }

  /** A tile, cut out of a wider one if only that is there; undefined if it is not there or too short. */
  private async read(name: TileName, length?: number): Promise<Buffer | undefined> {
    for (const width of new Set([name.width, TILE_WIDTH])) {
      try {
        const bytes = await readFile(join(this.dir, tilePath({ ...name, width })));
        return length === undefined || bytes.length === length ? bytes : undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    return undefined;
  }

  private absent(first: number, width: number): void {
    const detail = `the entries of leaves ${first} to ${first + width - 1} are not there; retention may have removed them`;
    const note: Note = { kind: 'absent', leafIndex: first, eventId: null, detail };
    this.notes.add(note);
  }

  private entryFault(leafIndex: number, entry: Buffer): void {
    const eventId = /"id":"([0-9a-f-]{36})"/.exec(entry.toString('utf8'))?.[1] ?? null;
    this.faults.add({ kind: 'altered', leafIndex, eventId, detail: 'its bytes are not those of its leaf hash' });
  }

  private tileFault(name: TileName, detail: string): void {
    this.faults.add({ kind: 'wrong-tile', leafIndex: null, eventId: null, reference: tilePath(name), detail });
  }

  private checkpointFault(detail: string): void {
    const fault: Fault = { kind: 'wrong-checkpoint', leafIndex: null, eventId: null, detail };
    this.faults.add({ ...fault, reference: String(this.newest.size) });
  }
}
