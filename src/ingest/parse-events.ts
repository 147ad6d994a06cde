import { isUtf8 } from 'node:buffer';
import { AppError } from '../common/app-error';

/** One item of a body: a value that may be an event, or why it is none. `line` counts from 1, in NDJSON only. */
export type Item = { value: unknown; fault?: undefined; line?: number } | { fault: string; line?: number };

/**
 * Splits a body into items. NDJSON fails by the line, JSON as a whole.
 * @throws AppError 400 if a JSON body is not UTF-8 or not JSON, 413 past `maxItems`, 422 if there is no item.
 */
export function parseEvents(body: Buffer, ndjson: boolean, maxItems: number): Item[] {
  const items = ndjson ? parseLines(body, maxItems) : parseDocument(body);
  if (items.length === 0) {
    throw new AppError('NO_EVENTS', 422, 'the body holds no event; send an object, an array of objects, or NDJSON');
  }
  if (items.length > maxItems) throw tooMany(maxItems);
  return items;
}

function parseDocument(body: Buffer): Item[] {
  if (!isUtf8(body)) throw new AppError('BODY_INVALID', 400, 'the body is not UTF-8');
  const text = withoutMark(body.toString('utf8'));
  if (text.trim() === '') return [];
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    const where = cause instanceof SyntaxError ? /at position \d+/.exec(cause.message)?.[0] : undefined;
    throw new AppError('BODY_INVALID', 400, `the body is not JSON${where ? `: fault ${where}` : ''}`, { cause });
  }
  return Array.isArray(document) ? document.map((value: unknown) => ({ value })) : [{ value: document }];
}

function parseLines(body: Buffer, maxItems: number): Item[] {
  const allUtf8 = isUtf8(body);
  const items: Item[] = [];
  let line = 0;
  for (let start = 0; start < body.length;) {
    const found = body.indexOf(10, start);
    const end = found === -1 ? body.length : found;
    line += 1;
    const item = parseLine(body.subarray(start, end), allUtf8, line, found === -1);
    if (item) items.push(item);
    if (items.length > maxItems) throw tooMany(maxItems);
    start = end + 1;
  }
  return items;
}

function parseLine(bytes: Buffer, isText: boolean, line: number, unended: boolean): Item | undefined {
  if (!isText && !isUtf8(bytes)) return { fault: 'is not UTF-8', line };
  const text = line === 1 ? withoutMark(bytes.toString('utf8')) : bytes.toString('utf8');
  if (text === '' || text.trim() === '') return undefined;
  try {
    return { value: JSON.parse(text), line };
  } catch {
    return {
      fault: unended ? 'is not JSON; the last line has no line break, so it may have been cut' : 'is not JSON',
      line,
    };
  }
}

const withoutMark = (text: string) => (text.startsWith('\ufeff') ? text.slice(1) : text);

const tooMany = (maxItems: number) =>
  new AppError('TOO_MANY_EVENTS', 413, `a request may hold at most ${maxItems} events; send them in several`);
