import { AppError } from '../common/app-error';

/** Exit codes of `mcp-audit`. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** A mistake in how the command was called. */
export class UsageError extends Error {}

/** What to print for an error: one line that says what to do, and one more for each field that was wrong. */
export function explain(error: unknown): string {
  if (error instanceof AppError) {
    const untold = (error.problems ?? []).filter((p) => !error.message.includes(p.message));
    const fields = untold.map((p) => `\n  ${p.path === '' ? 'input' : p.path}: ${p.message}`);
    return `mcp-audit: ${error.message}${fields.join('')}`;
  }
  if (error instanceof UsageError) return `mcp-audit: ${error.message} (see --help)`;
  return `mcp-audit: ${error instanceof Error ? error.message : String(error)}`;
}

/** Columns padded to their widest cell. Control characters, which events may hold, are shown as `?`. */
export function table(head: string[], rows: string[][]): string {
  const cells = [head, ...rows].map((row) => row.map(printable));
  const widths = head.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? '').length)));
  return cells
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Text from outside must not steer the terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}
