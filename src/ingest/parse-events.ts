import { isUtf8 } from 'node:buffer';
import { AppError } from '../common/app-error';
import { ARRAY, JsonTape, VALUE } from '../events/json-tape';

/** One item of a body: a value that may be an event, or why it is none. */
export type Item = { value: unknown; fault?: undefined } | { fault: string };

/** The items of a body. Each is parsed when it is asked for, so that few of them are in memory at a time. */
export interface Items {
  readonly count: number;
  at(index: number): Item;
  /**
   * Where an item stands that is plain JSON (see `JsonTape`), so that no object has to be made of it; else undefined.
   * @param tape for an item that is on none yet
   */
  onTape(index: number, tape: JsonTape): OnTape | undefined;
  /** The line of an item, from 1; in NDJSON only. */
  lineOf(index: number): number | undefined;
}

export interface OnTape {
  tape: JsonTape;
  place: number;
  /** Bytes of the item in the body. */
  bytes: number;
}

/**
 * Splits a body into items. NDJSON fails by the line, JSON as a whole.
 * @throws AppError 400 if a JSON body is not UTF-8 or not JSON, 413 past `maxItems`, 422 if there is no item.
 */
export function parseEvents(body: Buffer, ndjson: boolean, maxItems: number): Items {
  const items = ndjson ? new Lines(body) : parseDocument(body);
  if (items.count === 0) {
    throw new AppError('NO_EVENTS', 422, 'the body holds no event; send an object, an array of objects, or NDJSON');
  }
  if (items.count > maxItems) {
    const message = `a request may hold at most ${maxItems} events; send them in several`;
    throw new AppError('TOO_MANY_EVENTS', 413, message);
  }
  return items;
}

function parseDocument(body: Buffer): Items {
  if (!isUtf8(body)) throw new AppError('BODY_INVALID', 400, 'the body is not UTF-8');
  const tape = new JsonTape();
  const root = tape.scan(body, startOf(body), body.length);
  if (root >= 0) return new PlainDocument(body, tape, root);
  const text = withoutMark(body.toString('utf8'));
  const values = text.trim() === '' ? [] : valuesIn(text);
  return {
    count: values.length,
    at: (index) => ({ value: values[index] }),
    onTape: () => undefined,
    lineOf: () => undefined,
  };
}

/** A document that is plain JSON: one item, or an array of them. */
class PlainDocument implements Items {
  private readonly places: number[] = [];

  constructor(
    private readonly body: Buffer,
    private readonly tape: JsonTape,
    root: number,
  ) {
    const { ints } = tape;
    if (ints[root] !== ARRAY) this.places.push(root);
    else {
      const behind = ints[root + 3] as number;
      for (let at = root + VALUE; at < behind; at = ints[at + 3] as number) this.places.push(at);
    }
  }

  get count(): number {
    return this.places.length;
  }

  at(index: number): Item {
    const [start, end] = this.tape.token(this.places[index] as number);
    return { value: JSON.parse(this.body.toString('utf8', start, end)) };
  }

  onTape(index: number): OnTape {
    const place = this.places[index] as number;
    const [start, end] = this.tape.token(place);
    return { tape: this.tape, place, bytes: end - start };
  }

  lineOf(): undefined {
    return undefined;
  }
}

function valuesIn(text: string): unknown[] {
  try {
    const document: unknown = JSON.parse(text);
    return Array.isArray(document) ? document : [document];
  } catch (cause) {
    const where = cause instanceof SyntaxError ? /at position \d+/.exec(cause.message)?.[0] : undefined;
    throw new AppError('BODY_INVALID', 400, `the body is not JSON${where ? `: fault ${where}` : ''}`, { cause });
  }
}

const LINE_FEED = 10;
const SPACE = 32;

/** The lines of NDJSON that are not blank. */
class Lines implements Items {
  private readonly isText: boolean;
  private readonly starts: number[] = [];
  private readonly lines: number[] = [];

  constructor(private readonly body: Buffer) {
    this.isText = isUtf8(body);
    for (let start = startOf(body), line = 1; start < body.length; line++) {
      const end = this.endOf(start);
      let at = start;
      while (at < end && (body[at] ?? 0) <= SPACE) at++;
      if (at < end) {
        this.starts.push(start);
        this.lines.push(line);
      }
      start = end + 1;
    }
  }

  get count(): number {
    return this.starts.length;
  }

  lineOf(index: number): number | undefined {
    return this.lines[index];
  }

  at(index: number): Item {
    const { body } = this;
    const start = this.starts[index] ?? body.length;
    const end = this.endOf(start);
    if (!this.isText && !isUtf8(body.subarray(start, end))) return { fault: 'is not UTF-8' };
    try {
      return { value: JSON.parse(body.toString('utf8', start, end)) };
    } catch {
      const isCut = end === body.length;
      return { fault: isCut ? 'is not JSON; the last line has no line break, so it may have been cut' : 'is not JSON' };
    }
  }

  onTape(index: number, tape: JsonTape): OnTape | undefined {
    if (!this.isText) return undefined;
    const start = this.starts[index] ?? this.body.length;
    const end = this.endOf(start);
    const place = tape.scan(this.body, start, end);
    return place < 0 ? undefined : { tape, place, bytes: end - start };
  }

  private endOf(start: number): number {
    const found = this.body.indexOf(LINE_FEED, start);
    return found === -1 ? this.body.length : found;
  }
}

const MARK = Buffer.from('\ufeff');

/** Where the text begins behind a byte order mark. */
const startOf = (body: Buffer): number => (body.subarray(0, MARK.length).equals(MARK) ? MARK.length : 0);

const withoutMark = (text: string) => (text.startsWith('\ufeff') ? text.slice(1) : text);
