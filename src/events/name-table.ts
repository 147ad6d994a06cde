/** Finds names that are still bytes, without making text of them: what is looked up once for each member of each event. */
export class NameTable {
  private readonly slots: Int16Array;
  private readonly mask: number;
  private readonly encoded: Uint8Array[];

  /** @param names different ones, none of them empty */
  constructor(readonly names: readonly string[]) {
    this.encoded = names.map((name) => Buffer.from(name));
    let size = 16;
    while (size < 4 * names.length) size *= 2;
    this.mask = size - 1;
    this.slots = new Int16Array(size).fill(-1);
    for (const [index, name] of this.encoded.entries()) {
      let slot = this.slotOf(name, 0, name.length);
      while (this.slots[slot] !== -1) slot = (slot + 1) & this.mask;
      this.slots[slot] = index;
    }
  }

  /** The place in `names` of the name in `bytes` from `start` to before `end`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    if (start === end) return -1;
    for (let slot = this.slotOf(bytes, start, end); ; slot = (slot + 1) & this.mask) {
      const index = this.slots[slot] as number;
      if (index === -1) return -1;
      const name = this.encoded[index] as Uint8Array;
      if (name.length !== end - start) continue;
      let i = 0;
      while (i < name.length && name[i] === bytes[start + i]) i++;
      if (i === name.length) return index;
    }
  }

  private slotOf(bytes: Uint8Array, start: number, end: number): number {
    const first = bytes[start] as number;
    const middle = bytes[(start + end) >> 1] as number;
    const last = bytes[end - 1] as number;
    return (first * 31 + middle * 7 + last * 3 + (end - start)) & this.mask;
  }
}
