import { AppError } from '../common/app-error';
import { parseCheckpoint } from './checkpoint';

/**
 * The signed note in what somebody kept: a note by itself, or lines of a witness, of which that of the largest tree of a wanted
 * ledger counts. A line that a crash has cut is passed over.
 * @throws AppError `CHECKPOINT_INVALID`
 */
export function keptNote(text: string, isWanted: (origin: string) => boolean): string {
  if (!text.trimStart().startsWith('{')) return text;
  const notes = text.split('\n').flatMap((line) => noteOf(line) ?? []);
  const own = notes
    .map((note) => ({ note, ...parseCheckpoint(note) }))
    .filter(({ origin }) => isWanted(origin))
    .sort((a, b) => b.size - a.size);
  if (own[0]) return own[0].note;
  const message = `the file holds ${notes.length} checkpoint(s), but none of this ledger`;
  throw new AppError('CHECKPOINT_INVALID', 422, message);
}

function noteOf(line: string): string | undefined {
  try {
    const { note } = JSON.parse(line) as { note?: unknown };
    return typeof note === 'string' ? note : undefined;
  } catch {
    return undefined;
  }
}
