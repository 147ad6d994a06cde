import { Transform, TransformCallback } from 'node:stream';
import { AppError } from '../common/app-error';
import type { RowCounter } from './row-counter';

export interface ExportEnd {
  complete: boolean;
  rows: number | undefined;
  bytes: number;
}

/**
 * The last stage of an export: what the caller reads. It tells `onEnd` exactly once how the export ended, and only ends
 * well, with the end of its bytes, after `onEnd` did; so an export that could not be recorded never looks whole.
 * An error that ClickHouse appends behind the first bytes (after `exceptionMark`) becomes an error of this stream.
 */
export class ExportBody extends Transform {
  private held: Buffer = Buffer.alloc(0);
  private bytes = 0;
  private told = false;
  private readonly mark: Buffer | undefined;

  constructor(
    private readonly counter: RowCounter,
    exceptionMark: string | undefined,
    private readonly onEnd: (end: ExportEnd) => Promise<void>,
  ) {
    super();
    this.mark = exceptionMark === undefined ? undefined : Buffer.from(`\r\n__exception__\r\n${exceptionMark}\r\n`);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    // The mark may lie across two chunks, so its length is held back.
    const data = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    if (this.mark && data.includes(this.mark)) return callback(broken());
    const keep = this.mark ? Math.min(data.length, this.mark.length - 1) : 0;
    this.held = data.subarray(data.length - keep);
    this.pass(data.subarray(0, data.length - keep));
    callback();
  }

  override _flush(callback: TransformCallback): void {
    this.pass(this.held);
    this.tell(true).then(() => callback(), callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.tell(false).then(
      () => callback(error),
      (failure: Error) => callback(error ?? failure),
    );
  }

  private pass(data: Buffer): void {
    if (data.length === 0) return;
    this.counter.add(data);
    this.bytes += data.length;
    this.push(data);
  }

  private async tell(complete: boolean): Promise<void> {
    if (this.told) return;
    this.told = true;
    await this.onEnd({ complete, rows: this.counter.rows(), bytes: this.bytes });
  }
}

const broken = () => new AppError('EXPORT_BROKEN', 502, 'the store failed in the middle of the export; try again');
