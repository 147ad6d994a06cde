/** As much of WebAssembly's binary format, version 1 with SIMD, as the hashing needs: code in it is made of the functions below. */

/** TypeScript knows it only together with the browser. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

export const I32 = 0x7f;
export const V128 = 0x7b;

/** Bytes of a program, whole or in part. */
export type Code = readonly (number | Code)[];

const unsigned = (n: number): number[] => (n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...unsigned(n >>> 7)]);
const signed = (n: number): number[] => (n >= -64 && n < 64 ? [n & 0x7f] : [(n & 0x7f) | 0x80, ...signed(n >> 7)]);
const sized = (code: Code): Code => {
  const bytes = flat(code);
  return [...unsigned(bytes.length), ...bytes];
};
const list = (items: readonly Code[]): Code => [...unsigned(items.length), ...items];
const flat = (code: Code): number[] => code.flat(Infinity as 1) as number[];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const i32 = (n: number): Code => [0x41, ...signed(n)];
const vector = (opcode: number): Code => [0xfd, ...unsigned(opcode)];
const bytesOf = (word: number): number[] => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24];

export const load128 = (address: Code, offset: number): Code => [address, vector(0x00), 4, ...unsigned(offset)];
export const store128 = (offset: number, value: Code): Code => [i32(0), value, vector(0x0b), 4, ...unsigned(offset)];
export const splat = (word: number): Code => [
  vector(0x0c),
  ...bytesOf(word),
  ...bytesOf(word),
  ...bytesOf(word),
  ...bytesOf(word),
];
export const shiftLeft = (x: Code, bits: number): Code => [x, i32(bits), vector(0xab)];
export const shiftRight = (x: Code, bits: number): Code => [x, i32(bits), vector(0xad)];
export const or = (a: Code, b: Code): Code => [a, b, vector(0x50)];
export const xor = (a: Code, b: Code): Code => [a, b, vector(0x51)];
export const add = (first: Code, ...rest: Code[]): Code => rest.reduce((sum, each) => [sum, each, vector(0xae)], first);
/** Bits of `a` where the mask has ones, of `b` where it has zeros. */
export const select = (a: Code, b: Code, mask: Code): Code => [a, b, mask, vector(0x52)];
export const rotate = (x: Code, bits: number): Code => or(shiftRight(x, bits), shiftLeft(x, 32 - bits));
/** The bytes of each word the other way round. */
export const swap = (x: Code): Code => [x, x, vector(0x0d), 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];
/** The word at `offset` of each of four messages that stand `stride` bytes apart from `address` on. */
export const gather = (address: Code, stride: number, offset: number): Code =>
  [0, 1, 2, 3].reduce<Code>(
    (lanes, lane) => [address, lanes, vector(0x56), 0, ...unsigned(lane * stride + offset), lane],
    splat(0),
  );
/** Writes the lanes of a vector to four messages. */
export const scatter = (address: Code, value: Code, stride: number, offset: number): Code =>
  [0, 1, 2, 3].map((lane) => [address, value, vector(0x5a), 0, ...unsigned(lane * stride + offset), lane]);

/** Calls a function of the program that takes and gives nothing. */
export const call = (index: number): Code => [0x10, ...unsigned(index)];
/** Adds to a local. */
export const advance = (local: number, by: number): Code => [get(local), i32(by), 0x6a, set(local)];
/** Runs a body, takes `step` off a local, and again, until nothing is left of it. */
export const whileLeft = (local: number, step: number, body: Code): Code => [
  ...[0x03, 0x40, body],
  ...[get(local), i32(step), 0x6b, 0x22, ...unsigned(local), 0x0d, 0, 0x0b],
];

export interface WasmFunction {
  name: string;
  /** Types; parameters are the first locals. */
  parameters: readonly number[];
  /** Further locals, all of one type. */
  locals: { count: number; type: number };
  code: Code;
}

/** Compiles functions that give nothing, and gives what they export beside `memory`, which has so many pages of 64 KiB. */
export function instantiate<Exports>(pages: number, functions: readonly WasmFunction[]): Exports {
  const module = new WebAssembly.Module(assemble(pages, functions));
  return new WebAssembly.Instance(module).exports as Exports;
}

function assemble(pages: number, functions: readonly WasmFunction[]): Uint8Array {
  const section = (id: number, items: readonly Code[]): Code => [id, sized(list(items))];
  const exported = (name: string, kind: number, index: number): Code => [
    sized([...Buffer.from(name)]),
    kind,
    ...unsigned(index),
  ];
  const program: Code = [
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(
      1,
      functions.map(({ parameters }) => [0x60, ...unsigned(parameters.length), ...parameters, 0]),
    ),
    section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    section(5, [[0, ...unsigned(pages)]]),
    section(7, [exported('memory', 2, 0), ...functions.map(({ name }, i) => exported(name, 0, i))]),
    section(
      10,
      functions.map(({ locals, code }) => sized([list([[...unsigned(locals.count), locals.type]]), code, 0x0b])),
    ),
  ];
  return Uint8Array.from(flat(program));
}
