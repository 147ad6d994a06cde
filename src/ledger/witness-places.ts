import { open } from 'node:fs/promises';
import type { StoredCheckpoint } from './ledger-store';

const TIMEOUT_MS = 10_000;

/** One line of JSON: `{"tenant", "size", "signedAt", "note"}`. `verify` and `verify-offline.cjs` read files of them. */
export function witnessLine({ tenant, size, note, signedAt }: StoredCheckpoint): string {
  return `${JSON.stringify({ tenant, size, signedAt: new Date(signedAt).toISOString(), note })}\n`;
}

/** Appends a line for each checkpoint to a file that only its owner may read; resolves when they are on disk. */
export async function appendToFile(file: string, checkpoints: readonly StoredCheckpoint[]): Promise<void> {
  const handle = await open(file, 'a+', 0o600);
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1, '\n');
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    // A line that a crash or a full disk has cut stays as it is, on a line of its own.
    const ahead = last.toString() === '\n' ? '' : '\n';
    await handle.appendFile(ahead + checkpoints.map(witnessLine).join(''));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Posts the lines as NDJSON; any status of 200 to 299 means that they are kept. User and password may stand in the URL. */
export async function postToUrl(text: string, checkpoints: readonly StoredCheckpoint[]): Promise<void> {
  const url = new URL(text);
  const headers: Record<string, string> = { 'content-type': 'application/x-ndjson' };
  if (url.username !== '') {
    const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(login).toString('base64')}`;
    url.username = url.password = '';
  }
  const answer = await fetch(url, {
    method: 'POST',
    body: checkpoints.map(witnessLine).join(''),
    headers,
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: Error) => {
    // The message of fetch is always the same; the cause says what happened.
    throw error.cause instanceof Error ? error.cause : error;
  });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
}

/** The text of the daily mail. */
export function mailText(checkpoints: readonly StoredCheckpoint[]): string {
  const notes = checkpoints.map(
    ({ tenant, size, note }) => `Ledger of ${tenant}, ${size} event(s):\n\n${note.trimEnd()}\n`,
  );
  return [
    'These are the newest signed checkpoints of your audit ledgers. Keep this mail where nobody who runs the system can change it.',
    'With a checkpoint anyone can later show whether events that it covers were altered or removed:',
    'save it as a file, or take the attached one with all of them, and run',
    '',
    '  mcp-audit verify --tenant TENANT --checkpoint FILE',
    '',
    ...notes,
  ].join('\n');
}
