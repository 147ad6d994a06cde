import type { WriteStream } from 'node:tty';

export interface ProgressState {
  /** Units done and, if known, in all. */
  done: number;
  total: number | undefined;
  /** What to say beside the bar. */
  text: string;
}

const WIDTH = 24;

/** One line of progress, without colours: `[######······] 50 %  text`. */
export function renderProgress({ done, total, text }: ProgressState): string {
  if (total === undefined || total === 0) return text;
  const share = Math.min(1, done / total);
  const filled = Math.round(share * WIDTH);
  return `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${String(Math.floor(share * 100)).padStart(3)} %  ${text}`;
}

/** Shows progress on a terminal a few times a second, and elsewhere (a log, a pipe) as a line every few seconds. */
export class Progress {
  private shownAt = 0;
  private open = false;

  constructor(
    private readonly out: Pick<WriteStream, 'write'> & { isTTY?: boolean; columns?: number },
    private readonly now: () => number = Date.now,
  ) {
    this.shownAt = out.isTTY ? 0 : now();
  }

  update(state: () => ProgressState): void {
    const now = this.now();
    if (now - this.shownAt < (this.out.isTTY ? 100 : 5000)) return;
    this.shownAt = now;
    const line = renderProgress(state());
    if (!this.out.isTTY) {
      this.out.write(`${line}\n`);
      return;
    }
    this.out.write(`\r\u001b[K${line.slice(0, (this.out.columns ?? 100) - 1)}`);
    this.open = true;
  }

  /** Says something beside the bar, without breaking it. */
  note(text: string): void {
    this.clear();
    this.out.write(`${text}\n`);
  }

  /** Removes the bar; what follows is the report. */
  clear(): void {
    if (this.open) this.out.write('\r\u001b[K');
    this.open = false;
  }
}
