import { Injectable } from '@nestjs/common';
import { HASH_BYTES } from './merkle';
import {
  add,
  advance,
  call,
  Code,
  gather,
  get,
  I32,
  i32,
  instantiate,
  load128,
  or,
  rotate,
  scatter,
  select,
  set,
  shiftLeft,
  shiftRight,
  splat,
  store128,
  swap,
  V128,
  whileLeft,
  xor,
} from './webassembly';

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
/** Behind all these. */
const INPUT = 1024;
const OUTPUT = INPUT + BATCH * 2 * HASH_BYTES;
const PAGES = Math.ceil((OUTPUT + BATCH * HASH_BYTES) / 65_536);

interface Program {
  memory: { buffer: ArrayBuffer };
  /** Takes the block in `WORDS` into `STATE`. */
  block: () => void;
  /** HMACs of so many messages of 32 bytes in `INPUT`, under the states in `INNER` and `OUTER`. */
  macs: (messages: number) => void;
  /** Merkle nodes over so many pairs of hashes in `INPUT`. */
  parents: (pairs: number) => void;
}

/** What a key comes to after its first block. */
export interface MacKey {
  inner: Uint32Array;
  outer: Uint32Array;
}

interface Machine {
  program: Program;
  /** Its memory, in bytes and in words. */
  bytes: Uint8Array;
  words: Uint32Array;
}

/** Hashes in large numbers. Compiled when it is first needed (25 ms); holds memory of its own, about 800 KiB. */
@Injectable()
export class Sha256Lanes {
  private made: Machine | undefined;

  private get machine(): Machine {
    return (this.made ??= build());
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
    const { program, words } = this.machine;
    spread(words, INNER, key.inner);
    spread(words, OUTER, key.outer);
    return this.run(messages, HASH_BYTES, program.macs, space);
  }

  /**
   * The nodes of a Merkle tree (RFC 6962, 2.1) above hashes that stand side by side.
   * @param hashes pairs, one behind the other
   * @returns 32 bytes for each pair
   */
  parents(hashes: Uint8Array): Buffer {
    return this.run(hashes, 2 * HASH_BYTES, this.machine.program.parents);
  }

  private run(input: Uint8Array, width: number, hash: (count: number) => void, space?: Buffer): Buffer {
    const { bytes } = this.machine;
    const count = input.length / width;
    if (!Number.isInteger(count)) throw new RangeError(`${input.length} bytes are not whole messages of ${width}`);
    const output = space?.subarray(0, count * HASH_BYTES) ?? Buffer.allocUnsafe(count * HASH_BYTES);
    for (let done = 0; done < count; done += BATCH) {
      const some = Math.min(BATCH, count - done);
      bytes.set(input.subarray(done * width, (done + some) * width), INPUT);
      // What lies behind the last message is hashed with it and not looked at.
      hash(Math.ceil(some / LANES) * LANES);
      output.set(bytes.subarray(OUTPUT, OUTPUT + some * HASH_BYTES), done * HASH_BYTES);
    }
    return output;
  }

  /** The state behind one block of a key xor `pad`. */
  private padded(key: Uint8Array, pad: number): Uint32Array {
    const block = Buffer.alloc(BLOCK_BYTES, pad);
    key.forEach((byte, i) => (block[i] = byte ^ pad));
    const { program, words } = this.machine;
    spread(
      words,
      WORDS,
      Uint32Array.from({ length: 16 }, (_, i) => block.readUInt32BE(i * 4)),
    );
    spread(words, STATE, INITIAL_STATE);
    program.block();
    return Uint32Array.from({ length: 8 }, (_, i) => words[STATE / 4 + i * LANES] ?? 0);
  }
}

/** Writes values to all lanes of the vectors from `at` on. */
function spread(words: Uint32Array, at: number, values: Uint32Array): void {
  values.forEach((value, i) => words.fill(value, at / 4 + i * LANES, at / 4 + (i + 1) * LANES));
}

/** The first 32 bits of the fractional parts of `root` of the first so many primes, of which SHA-256 takes its constants. */
function fractions(root: (n: number) => number, count: number): Uint32Array {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return Uint32Array.from(primes, (prime) => (root(prime) % 1) * 2 ** 32);
}

const INITIAL_STATE = fractions(Math.sqrt, 8);
const ROUNDS = fractions(Math.cbrt, 64);

function build(): Machine {
  const program = instantiate<Program>(PAGES, [
    { name: 'block', parameters: [], locals: { count: 26, type: V128 }, code: compress() },
    { name: 'macs', parameters: [I32], locals: { count: 2, type: I32 }, code: macs() },
    { name: 'parents', parameters: [I32], locals: { count: 2, type: I32 }, code: parents() },
  ]);
  const words = new Uint32Array(program.memory.buffer);
  spread(words, INITIAL, INITIAL_STATE);
  return { program, bytes: new Uint8Array(program.memory.buffer), words };
}

const each = (count: number, code: (i: number) => Code): Code => Array.from({ length: count }, (_, i) => code(i));
const word = (i: number, value: Code): Code => store128(WORDS + i * VECTOR, value);
const state = (i: number): Code => load128(i32(0), STATE + i * VECTOR);
const start = (from: number): Code => each(8, (i) => store128(STATE + i * VECTOR, load128(i32(0), from + i * VECTOR)));
const BLOCK = call(0);

/** The compression of FIPS 180-4, 6.2.2, without a loop; locals 0 to 15 are the schedule, 16 to 23 are a to h, 24 and 25 sums. */
function compress(): Code {
  const w = (t: number) => t % 16;
  const local = (name: number, t: number) => 16 + ((name + 64 - t) % 8);
  const v = (name: number, t: number) => get(local(name, t));
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
    const [a, b, c, d] = [v(0, t), v(1, t), v(2, t), v(3, t)];
    const [e, f, g, h] = [v(4, t), v(5, t), v(6, t), v(7, t)];
    return [
      ...schedule,
      ...[add(h, sigma(e, 6, 11, 25), select(f, g, e), splat(ROUNDS[t] ?? 0), get(w(t))), set(24)],
      ...[add(sigma(a, 2, 13, 22), select(c, a, xor(a, b))), set(25)],
      // The names move on by one: what was d becomes e, and h becomes a.
      ...[add(d, get(24)), set(local(3, t))],
      ...[add(get(24), get(25)), set(local(7, t))],
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
  ...[i32(INPUT), set(1), i32(OUTPUT), set(2)],
  whileLeft(0, LANES, [
    body,
    each(8, (i) => scatter(get(2), swap(state(i)), HASH_BYTES, i * 4)),
    ...[advance(1, LANES * width), advance(2, LANES * HASH_BYTES)],
  ]),
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
