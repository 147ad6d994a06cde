import { FileHandle, open } from 'node:fs/promises';

/** The clients' own record: a line is on disk before `write` resolves. Lines of concurrent writers share a flush. */
export class Journal {
  lines = 0;
  private waiting: { line: string; done: () => void; failed: (error: unknown) => void }[] = [];
  private flushing: Promise<void> | undefined;

  private constructor(private readonly file: FileHandle) {}

  static async open(path: string): Promise<Journal> {
    return new Journal(await open(path, 'a', 0o600));
  }

  write(entry: object): Promise<void> {
    const durable = new Promise<void>((done, failed) => {
      this.waiting.push({ line: `${JSON.stringify(entry)}\n`, done, failed });
    });
    this.flushing ??= this.flush();
    return durable;
  }

  async close(): Promise<void> {
    await this.flushing;
    await this.file.close();
  }

  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.file.appendFile(batch.map(({ line }) => line).join(''));
        await this.file.datasync();
        this.lines += batch.length;
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.flushing = undefined;
  }
}
