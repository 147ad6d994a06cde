import { Transform, TransformCallback } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { proofLines } from '../ledger/export-proof';
import { LeafSet } from '../ledger/leaf-set';
import { LedgerReader } from '../ledger/ledger-reader';
import { LedgerStore } from '../ledger/ledger-store';
import type { RowCounter } from './row-counter';

/** What an export says of the ledger that its events are in. */
export interface ExportLedger {
  tenant: string;
  /** Events under the checkpoint; 0 before anything is sealed. */
  size: number;
  /** Signed note; null before anything is sealed. */
  checkpoint: string | null;
  publicKeys: string[];
}

/** How long an export with proofs waits for what was stored before it to be sealed, ms. */
const PATIENCE_MS = 5000;

/** Finds the checkpoint that an export is made under, and proves its events. */
@Injectable()
export class ExportLedgers {
  constructor(
    private readonly reader: LedgerReader,
    private readonly store: LedgerStore,
    private readonly clock: Clock,
  ) {}

  /** @param patient waits some seconds until all is sealed that has a place in the ledger now */
  async open(tenant: string, patient: boolean): Promise<ExportLedger> {
    const until = this.clock.now() + (patient ? PATIENCE_MS : 0);
    const wanted = patient ? await this.reader.nextLeaf(tenant) : 0;
    for (;;) {
      const [newest] = await this.store.newestCheckpoints(tenant);
      if ((newest?.size ?? 0) >= wanted || this.clock.now() >= until) {
        const keys = newest ? await this.reader.publicKeys(tenant) : [];
        const publicKeys = keys.map(({ key }) => key);
        return { tenant, size: newest?.size ?? 0, checkpoint: newest?.note ?? null, publicKeys };
      }
      await sleep(100);
    }
  }

  /** Ends an NDJSON export with what proves its lines. */
  trailer(ledger: ExportLedger, options: { proofs: boolean; revealed: boolean }): LedgerTrailer {
    return new LedgerTrailer(ledger, options, (leaves) => proofLines(this.store, ledger.tenant, leaves, ledger.size));
  }
}

const ROW = Buffer.from('{"leafIndex":');
const NEWLINE = 10;

/**
 * Passes NDJSON on and adds, if asked for, the lines that prove its rows, and last a line `{"ledger":{…}}`, so that a file that
 * ends without one is cut short. Counts the rows.
 */
export class LedgerTrailer extends Transform implements RowCounter {
  private rest: Buffer = Buffer.alloc(0);
  private readonly leaves = new LeafSet();
  private count = 0;
  private unsealed = 0;

  constructor(
    private readonly ledger: ExportLedger,
    private readonly options: { proofs: boolean; revealed: boolean },
    private readonly prove: (leaves: LeafSet) => AsyncIterable<string>,
  ) {
    super();
  }

  add(): void {
    // The rows were counted when they came through.
  }

  rows(): number {
    return this.count;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    const data = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
      this.row(data, start);
      start = end + 1;
    }
    this.rest = data.subarray(start);
    callback(null, chunk);
  }

  override _flush(callback: TransformCallback): void {
    this.conclude().then(() => callback(), callback);
  }

  /** Notes the row that begins at `start`. */
  private row(data: Buffer, start: number): void {
    if (!data.subarray(start, start + ROW.length).equals(ROW)) return;
    let leaf = 0;
    for (let at = start + ROW.length; isDigit(data[at]); at++) leaf = leaf * 10 + ((data[at] ?? 0) & 15);
    this.count++;
    if (leaf >= this.ledger.size) this.unsealed++;
    else if (this.options.proofs) this.leaves.add(leaf);
  }

  private async conclude(): Promise<void> {
    if (this.options.proofs) for await (const lines of this.prove(this.leaves)) this.push(lines);
    const { tenant, size, checkpoint, publicKeys } = this.ledger;
    const about = { tenant, rows: this.count, unsealed: this.unsealed, ...this.options };
    const ledger = { format: 'mcp-audit-export/1', ...about, size, checkpoint, publicKeys };
    this.push(`${JSON.stringify({ ledger })}\n`);
  }
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 48 && byte <= 57;
