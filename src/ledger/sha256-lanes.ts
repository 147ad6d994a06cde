import { Injectable } from '@nestjs/common';
import { HASH_BYTES } from './merkle';

/**
 * SHA-256 (FIPS 180-4) of four short messages at a time, each in one lane of the vectors of WebAssembly. One call of Node's own
 * hash costs a microsecond whatever the length; verification needs two for a signature and one for the tree, of every event.
 */

const BLOCK_BYTES = 64;
const LANES = 4;
/** Messages in one call, a multiple of the lanes. */
const BATCH = 8192;

/** The program's memory, in bytes: a vector is one word of four messages. */
const VECTOR = 16;
const WORDS = 0;
const STATE = WORDS + 16 * VECTOR;
const INITIAL = STATE + 8 * VECTOR;
const INNER = INITIAL + 8 * VECTOR;
const OUTER = INNER + 8 * VECTOR;
const INPUT = 1024;
const OUTPUT = INPUT + BATCH * 2 * HASH_BYTES;
const PAGES = Math.ceil((OUTPUT + BATCH * HASH_BYTES) / 65_536);

/** TypeScript knows it only together with the browser. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

interface Program {
  memory: { buffer: ArrayBuffer };
  /** Takes the block in `WORDS` into `STATE`. */
  block(): void;
  /** HMACs of so many messages of 32 bytes in `INPUT`, under the states in `INNER` and `OUTER`. */
  macs(messages: number): void;
  /** Merkle nodes over so many pairs of hashes in `INPUT`. */
  parents(pairs: number): void;
}

/** What a key comes to after its first block. */
export interface MacKey {
  inner: Uint32Array;
  outer: Uint32Array;
}

/** Hashes in large numbers. Holds memory of its own, about 800 KiB. */
@Injectable()
export class Sha256Lanes {
  private readonly program = load();
  private readonly bytes = new Uint8Array(this.program.memory.buffer);
  private readonly vectors = new Uint32Array(this.program.memory.buffer);

  constructor() {
    this.spread(INITIAL, INITIAL_STATE);
  }

  /** Prepares a key of HMAC-SHA256 (RFC 2104). @param key at most 64 bytes */
  macKey(key: Uint8Array): MacKey {
    if (key.length > BLOCK_BYTES) throw new RangeError(`a key of ${key.length} bytes is longer than a block`);
    return { inner: this.padded(key, 0x36), outer: this.padded(key, 0x5c) };
  }

  /**
   * HMAC-SHA256 of many messages of 32 bytes.
   * @param messages one behind the other
   * @param space for the result, if it need not be a new one
   * @returns 32 bytes for each, in their order
   */
  macs(key: MacKey, messages: Uint8Array, space?: Buffer): Buffer {
    this.spread(INNER, key.inner);
    this.spread(OUTER, key.outer);
    return this.run(messages, HASH_BYTES, (count) => this.program.macs(count), space);
  }

  /**
   * The nodes of a Merkle tree (RFC 6962, 2.1) above hashes that stand side by side.
   * @param hashes pairs, one behind the other
   * @returns 32 bytes for each pair
   */
  parents(hashes: Uint8Array): Buffer {
    return this.run(hashes, 2 * HASH_BYTES, (count) => this.program.parents(count));
  }

  private run(input: Uint8Array, width: number, hash: (count: number) => void, space?: Buffer): Buffer {
    const count = input.length / width;
    if (!Number.isInteger(count)) throw new RangeError(`${input.length} bytes are not whole messages of ${width}`);
    const output = space?.subarray(0, count * HASH_BYTES) ?? Buffer.allocUnsafe(count * HASH_BYTES);
    for (let done = 0; done < count; done += BATCH) {
      const some = Math.min(BATCH, count - done);
      this.bytes.set(input.subarray(done * width, (done + some) * width), INPUT);
      // What lies behind the last message is hashed with it and not looked at.
      hash(Math.ceil(some / LANES) * LANES);
      output.set(this.bytes.subarray(OUTPUT, OUTPUT + some * HASH_BYTES), done * HASH_BYTES);
    }
    return output;
  }

  /** The state behind one block of a key xor `pad`. */
  private padded(key: Uint8Array, pad: number): Uint32Array {
    const block = Buffer.alloc(BLOCK_BYTES, pad);
    key.forEach((byte, i) => (block[i] = byte ^ pad));
    this.spread(
      WORDS,
      Uint32Array.from({ length: 16 }, (_, i) => block.readUInt32BE(i * 4)),
    );
    this.spread(STATE, INITIAL_STATE);
    this.program.block();
    return Uint32Array.from({ length: 8 }, (_, i) => this.vectors[STATE / 4 + i * LANES] ?? 0);
  }

  /** Writes words to all lanes. */
  private spread(at: number, words: Uint32Array): void {
    words.forEach((word, i) => this.vectors.fill(word, at / 4 + i * LANES, at / 4 + (i + 1) * LANES));
  }
}

/** The first 32 bits of the fractional parts of `root` of the first so many primes, of which SHA-256 takes its constants. */
function fractions(root: (n: number) => number, count: number): Uint32Array {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return Uint32Array.from(primes, (prime) => (root(prime) % 1) * 2 ** 32);
}

const INITIAL_STATE = fractions(Math.sqrt, 8);
const ROUNDS = fractions(Math.cbrt, 64);

let compiled: object | undefined;

function load(): Program {
  compiled ??= new WebAssembly.Module(assemble());
  return new WebAssembly.Instance(compiled).exports as Program;
}

/** Bytes of a program, whole or in part. */
type Code = readonly (number | Code)[];

const unsigned = (n: number): number[] => (n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...unsigned(n >>> 7)]);
const signed = (n: number): number[] => (n >= -64 && n < 64 ? [n & 0x7f] : [(n & 0x7f) | 0x80, ...signed(n >> 7)]);
const sized = (code: Code): Code => {
  const bytes = flat(code);
  return [...unsigned(bytes.length), ...bytes];
};
const list = (items: readonly Code[]): Code => [...unsigned(items.length), ...items];
const flat = (code: Code): number[] => code.flat(Infinity as 1) as number[];

const get = (local: number): Code => [0x20, ...unsigned(local)];
const set = (local: number): Code => [0x21, ...unsigned(local)];
const i32 = (n: number): Code => [0x41, ...signed(n)];
const vector = (opcode: number): Code => [0xfd, ...unsigned(opcode)];
const bytesOf = (word: number): number[] => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24];

const load128 = (address: Code, offset: number): Code => [address, vector(0x00), 4, ...unsigned(offset)];
const store128 = (offset: number, value: Code): Code => [i32(0), value, vector(0x0b), 4, ...unsigned(offset)];
const splat = (word: number): Code => [
  vector(0x0c),
  ...bytesOf(word),
  ...bytesOf(word),
  ...bytesOf(word),
  ...bytesOf(word),
];
const shiftLeft = (x: Code, bits: number): Code => [x, i32(bits), vector(0xab)];
const shiftRight = (x: Code, bits: number): Code => [x, i32(bits), vector(0xad)];
const or = (a: Code, b: Code): Code => [a, b, vector(0x50)];
const xor = (a: Code, b: Code): Code => [a, b, vector(0x51)];
const add = (first: Code, ...rest: Code[]): Code => rest.reduce((sum, each) => [sum, each, vector(0xae)], first);
/** Bits of `a` where the mask has ones, of `b` where it has zeros. */
const select = (a: Code, b: Code, mask: Code): Code => [a, b, mask, vector(0x52)];
const rotate = (x: Code, bits: number): Code => or(shiftRight(x, bits), shiftLeft(x, 32 - bits));
/** The bytes of each word the other way round. */
const swap = (x: Code): Code => [x, x, vector(0x0d), 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];
/** The word at `offset` of each of four messages that stand `stride` bytes apart from `address` on. */
const gather = (address: Code, stride: number, offset: number): Code =>
  [0, 1, 2, 3].reduce<Code>(
    (lanes, lane) => [address, lanes, vector(0x56), 0, ...unsigned(lane * stride + offset), lane],
    splat(0),
  );
/** Writes the lanes of a vector to four messages. */
const scatter = (address: Code, value: Code, stride: number, offset: number): Code =>
  [0, 1, 2, 3].map((lane) => [address, value, vector(0x5a), 0, ...unsigned(lane * stride + offset), lane]);

const each = (count: number, code: (i: number) => Code): Code => Array.from({ length: count }, (_, i) => code(i));
const word = (i: number, value: Code): Code => store128(WORDS + i * VECTOR, value);
const state = (i: number): Code => load128(i32(0), STATE + i * VECTOR);
const start = (from: number): Code => each(8, (i) => store128(STATE + i * VECTOR, load128(i32(0), from + i * VECTOR)));
const BLOCK: Code = [0x10, 0];

/** The compression of FIPS 180-4, 6.2.2, without a loop; locals 0 to 15 are the schedule, 16 to 23 are a to h, 24 and 25 sums. */
function compress(): Code {
  const w = (t: number) => t % 16;
  const v = (name: number, t: number) => get(16 + ((name + 64 - t) % 8));
  const sigma = (x: Code, a: number, b: number, c: number, last = rotate) =>
    xor(xor(rotate(x, a), rotate(x, b)), last(x, c));
  const round = (t: number): Code => {
    const schedule =
      t < 16
        ? []
        : [
            add(
              get(w(t)),
              sigma(get(w(t + 1)), 7, 18, 3, shiftRight),
              get(w(t + 9)),
              sigma(get(w(t + 14)), 17, 19, 10, shiftRight),
            ),
            set(w(t)),
          ];
    const [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7].map((name) => v(name, t)) as [
      Code,
      Code,
      Code,
      Code,
      Code,
      Code,
      Code,
      Code,
    ];
    return [
      ...schedule,
      ...[add(h, sigma(e, 6, 11, 25), select(f, g, e), splat(ROUNDS[t] ?? 0), get(w(t))), set(24)],
      ...[add(sigma(a, 2, 13, 22), select(c, a, xor(a, b))), set(25)],
      // The names move on by one: what was d becomes e, and h becomes a.
      ...[add(d, get(24)), set(16 + ((3 + 64 - t) % 8))],
      ...[add(get(24), get(25)), set(16 + ((7 + 64 - t) % 8))],
    ];
  };
  return [
    each(16, (i) => [load128(i32(0), WORDS + i * VECTOR), set(i)]),
    each(8, (i) => [state(i), set(16 + i)]),
    each(64, round),
    each(8, (i) => store128(STATE + i * VECTOR, add(state(i), get(16 + i)))),
  ];
}

/** Runs a body for each four of so many messages: parameter 0 their number, locals 1 and 2 where they and their hashes are. */
const loop = (width: number, body: Code): Code => [
  ...[i32(INPUT), set(1), i32(OUTPUT), set(2), 0x03, 0x40],
  body,
  each(8, (i) => scatter(get(2), swap(state(i)), HASH_BYTES, i * 4)),
  ...[get(1), i32(LANES * width), 0x6a, set(1), get(2), i32(LANES * HASH_BYTES), 0x6a, set(2)],
  ...[get(0), i32(LANES), 0x6b, 0x22, 0, 0x0d, 0, 0x0b],
];

/** Both hashes of an HMAC end with a message of 32 bytes behind a block. */
const tail = (bits: number): Code => [
  word(8, splat(0x80000000)),
  each(6, (i) => word(9 + i, splat(0))),
  word(15, splat(bits)),
];

const macs = (): Code =>
  loop(HASH_BYTES, [
    each(8, (i) => word(i, swap(gather(get(1), HASH_BYTES, i * 4)))),
    ...[tail((BLOCK_BYTES + HASH_BYTES) * 8), start(INNER), BLOCK],
    each(8, (i) => word(i, state(i))),
    ...[start(OUTER), BLOCK],
  ]);

/** A node hashes the byte 1 and both children: one block, and one byte more. */
const parents = (): Code => {
  const width = 2 * HASH_BYTES;
  return loop(width, [
    word(0, or(splat(0x01000000), shiftRight(swap(gather(get(1), width, 0)), 8))),
    each(15, (i) => word(i + 1, swap(gather(get(1), width, i * 4 + 3)))),
    ...[start(INITIAL), BLOCK],
    word(0, or(splat(0x00800000), shiftLeft(swap(gather(get(1), width, width - 4)), 24))),
    each(14, (i) => word(i + 1, splat(0))),
    ...[word(15, splat((width + 1) * 8)), BLOCK],
  ]);
};

/** Writes the program in the binary format of WebAssembly, section by section. */
function assemble(): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: Code): Code => [id, sized(content)];
  const [I32, V128] = [0x7f, 0x7b];
  const name = (text: string): Code => sized([...Buffer.from(text)]);
  const body = (locals: Code, code: Code): Code => sized([locals, code, 0x0b]);
  return Uint8Array.from(
    flat([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(
        1,
        list([
          [0x60, 0, 0],
          [0x60, 1, I32, 0],
        ]),
      ),
      section(3, list([[0], [1], [1]])),
      section(5, list([[0, ...unsigned(PAGES)]])),
      section(
        7,
        list([
          [name('memory'), 2, 0],
          [name('block'), 0, 0],
          [name('macs'), 0, 1],
          [name('parents'), 0, 2],
        ]),
      ),
      section(
        10,
        list([body(list([[26, V128]]), compress()), body(list([[2, I32]]), macs()), body(list([[2, I32]]), parents())]),
      ),
    ]),
  );
}
