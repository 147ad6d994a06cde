import { MAX_DEPTH } from './json-limits';

/**
 * What a value on a tape is. A string is `TEXT` if it is ASCII and `WIDE` if not. Numbers stand as RFC 8785 writes them.
 * `TRUE`, `FALSE` and `NULL` are the words themselves.
 */
export const TEXT = 1;
export const WIDE = 2;
export const NUMBER = 3;
export const WORD = 4;
export const NULL = 5;
export const OBJECT = 6;
export const ARRAY = 7;

/** Integers on a tape for one value, and for the name before it if it is a member. */
export const VALUE = 4;
export const NAME = 2;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** So many digits are always an integer that a double holds exactly. */
const EXACT_DIGITS = 15;
/** Digits, sign and point of the longest fraction that is looked at. */
const LONGEST_FRACTION = 24;
/** `details` may be `MAX_DEPTH` deep, and stands in the event. */
const DEEPEST = MAX_DEPTH + 1;
/** A tape that holds so many integers takes nothing more. */
const FULL = 1024 * 1024;
/** Bytes of what is put on a tape at a time, at most. */
const LONGEST = 4 * 1024 * 1024;

/** By byte: 0 what stands in a string as it is, 1 what begins or continues a character beyond ASCII, 2 whatever needs a closer look. */
const IN_STRING = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 2 : byte < 0x80 ? 0 : 1,
);

/**
 * JSON that nobody has made objects of: where its values stand in the bytes they came in. Takes only *plain* JSON, which is
 * in canonical form (RFC 8785) already but for white space and the order of members: strings without escapes, numbers as they are
 * written there. Whatever else is valid JSON is left to `JSON.parse`.
 *
 * A value is four integers: what it is, where its content starts and ends (strings: without the quotes), and where on the
 * tape the next value is. Between an object and that place stand its members: where the name starts, where it ends, then the
 * value; behind an array its values.
 */
export class JsonTape {
  bytes: Buffer = Buffer.alloc(0);
  ints = new Int32Array(512);
  private used = 0;
  private end = 0;

  /** Forgets all that stands on it. */
  clear(): void {
    this.used = 0;
  }

  /**
   * Puts the value on the tape that fills `bytes`, which are valid UTF-8, from `start` to before `end`.
   * @returns its place, or -1 if it is not plain JSON or too much; then nothing of it is on the tape
   */
  scan(bytes: Buffer, start: number, end: number): number {
    if (this.used >= FULL || end - start > LONGEST) return -1;
    this.bytes = bytes;
    this.end = end;
    const place = this.used;
    const behind = this.value(this.skip(start), 1);
    if (behind >= 0 && this.skip(behind) === end) return place;
    this.used = place;
    return -1;
  }

  /** The content of a value. What is not ASCII has to be valid UTF-8. */
  text(place: number): string {
    const start = this.ints[place + 1] as number;
    const end = this.ints[place + 2] as number;
    return this.bytes.toString(this.ints[place] === WIDE ? 'utf8' : 'latin1', start, end);
  }

  /** From where to before where a value stands in the bytes, the quotes of a string included. */
  token(place: number): [start: number, end: number] {
    const quotes = (this.ints[place] as number) <= WIDE ? 1 : 0;
    return [(this.ints[place + 1] as number) - quotes, (this.ints[place + 2] as number) + quotes];
  }

  private skip(from: number): number {
    const { bytes, end } = this;
    let at = from;
    while (at < end) {
      const byte = bytes[at] as number;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      at++;
    }
    return at;
  }

  /** Writes the value that begins at `at`; returns the place behind it in the bytes, or -1. */
  private value(at: number, depth: number): number {
    if (at >= this.end) return -1;
    switch (this.bytes[at]) {
      case QUOTE:
        return this.string(at);
      case OPEN_OBJECT:
        return depth > DEEPEST ? -1 : this.object(at, depth);
      case OPEN_ARRAY:
        return depth > DEEPEST ? -1 : this.array(at, depth);
      case 0x74:
        return this.word(at, WORD, 4, 0x72, 0x75, 0x65, 0x65);
      case 0x66:
        return this.word(at, WORD, 5, 0x61, 0x6c, 0x73, 0x65);
      case 0x6e:
        return this.word(at, NULL, 4, 0x75, 0x6c, 0x6c, 0x6c);
      default:
        return this.number(at);
    }
  }

  private string(at: number): number {
    const { bytes, end } = this;
    let wide = 0;
    for (let i = at + 1; i < end; i++) {
      const kind = IN_STRING[bytes[i] as number] as number;
      if (kind === 0) continue;
      if (kind === 1) {
        wide = 1;
        continue;
      }
      if (bytes[i] !== QUOTE) return -1;
      this.put(TEXT + wide, at + 1, i);
      return i + 1;
    }
    return -1;
  }

  /** A word of `length` bytes whose first has been seen; the fifth letter of a word of four is its fourth again. */
  private word(at: number, kind: number, length: number, b: number, c: number, d: number, e: number): number {
    const { bytes } = this;
    const behind = at + length;
    if (behind > this.end || bytes[at + 1] !== b || bytes[at + 2] !== c || bytes[at + 3] !== d) return -1;
    if (bytes[behind - 1] !== e) return -1;
    this.put(kind, at, behind);
    return behind;
  }

  private number(at: number): number {
    const { bytes, end } = this;
    let i = at;
    if (bytes[i] === MINUS) i++;
    const first = i;
    while (i < end && (bytes[i] as number) >= ZERO && (bytes[i] as number) <= NINE) i++;
    const digits = i - first;
    if (digits === 0 || (digits > 1 && bytes[first] === ZERO)) return -1;
    if (i < end && bytes[i] === POINT) {
      i++;
      while (i < end && (bytes[i] as number) >= ZERO && (bytes[i] as number) <= NINE) i++;
      if (i - at > LONGEST_FRACTION) return -1;
      const written = bytes.toString('latin1', at, i);
      if (String(Number(written)) !== written) return -1;
    } else if (digits > EXACT_DIGITS || (first > at && bytes[first] === ZERO)) return -1;
    // An exponent, or anything else that cannot stand here, is found by whoever looks for the comma.
    this.put(NUMBER, at, i);
    return i;
  }

  private object(at: number, depth: number): number {
    const place = this.put(OBJECT, at, at);
    let i = this.skip(at + 1);
    if (this.bytes[i] === CLOSE_OBJECT && i < this.end) return this.close(place, i + 1);
    for (;;) {
      if (i >= this.end || this.bytes[i] !== QUOTE) return -1;
      const name = this.name(i);
      if (name < 0) return -1;
      i = this.skip(name);
      if (i >= this.end || this.bytes[i] !== COLON) return -1;
      i = this.value(this.skip(i + 1), depth + 1);
      if (i < 0) return -1;
      i = this.skip(i);
      if (i >= this.end) return -1;
      if (this.bytes[i] === CLOSE_OBJECT) return this.close(place, i + 1);
      if (this.bytes[i] !== COMMA) return -1;
      i = this.skip(i + 1);
    }
  }

  private array(at: number, depth: number): number {
    const place = this.put(ARRAY, at, at);
    let i = this.skip(at + 1);
    if (this.bytes[i] === CLOSE_ARRAY && i < this.end) return this.close(place, i + 1);
    for (;;) {
      i = this.value(i, depth + 1);
      if (i < 0) return -1;
      i = this.skip(i);
      if (i >= this.end) return -1;
      if (this.bytes[i] === CLOSE_ARRAY) return this.close(place, i + 1);
      if (this.bytes[i] !== COMMA) return -1;
      i = this.skip(i + 1);
    }
  }

  /** A name: ASCII without escapes, so that the order of its bytes is the order of its characters. */
  private name(at: number): number {
    const { bytes, end } = this;
    let i = at + 1;
    while (i < end && IN_STRING[bytes[i] as number] === 0) i++;
    if (i >= end || bytes[i] !== QUOTE) return -1;
    this.room(NAME);
    this.ints[this.used] = at + 1;
    this.ints[this.used + 1] = i;
    this.used += NAME;
    return i + 1;
  }

  private put(kind: number, start: number, end: number): number {
    this.room(VALUE);
    const { ints, used } = this;
    ints[used] = kind;
    ints[used + 1] = start;
    ints[used + 2] = end;
    ints[used + 3] = used + VALUE;
    this.used = used + VALUE;
    return used;
  }

  private close(place: number, behind: number): number {
    this.ints[place + 2] = behind;
    this.ints[place + 3] = this.used;
    return behind;
  }

  private room(count: number): void {
    if (this.used + count <= this.ints.length) return;
    const larger = new Int32Array(2 * this.ints.length);
    larger.set(this.ints);
    this.ints = larger;
  }
}

/** Stands where no tape has been read yet. One for all, since a tape takes memory. */
export const NO_TAPE = new JsonTape();
