import { LeafSpan } from './merkle';
import { TILE_WIDTH } from './tiles';

/** Leaves in one page; a page takes 8 KiB. */
const PAGE_LEAVES = 65_536;

/** Indices of leaves, each once, in one bit each: those of an export of any size. */
export class LeafSet {
  private readonly pages = new Map<number, Uint8Array>();

  add(leaf: number): void {
    const number = Math.floor(leaf / PAGE_LEAVES);
    let page = this.pages.get(number);
    if (!page) this.pages.set(number, (page = new Uint8Array(PAGE_LEAVES / 8)));
    const at = leaf % PAGE_LEAVES;
    page[at >> 3] = (page[at >> 3] ?? 0) | (1 << (at & 7));
  }

  /** In rising order. */
  *[Symbol.iterator](): Generator<number> {
    for (const number of [...this.pages.keys()].sort((a, b) => a - b)) {
      const page = this.pages.get(number) as Uint8Array;
      for (let at = 0; at < page.length; at++) {
        const bits = page[at] ?? 0;
        for (let bit = 0; bits >> bit !== 0; bit++) {
          if ((bits >> bit) & 1) yield number * PAGE_LEAVES + at * 8 + bit;
        }
      }
    }
  }
}

/** A part of what lies around chosen leaves: a span without any of them, or a whole tile that holds some. */
export type Surrounding = { gap: LeafSpan } | { tile: number };

/**
 * What has to be known beside some leaves to come to the root of the tree: hashes over the gaps between them. The hashes of whole
 * tiles are there to find out which leaves are wrong if it is another root.
 * @param leaves in rising order, each once and below `size`
 */
export function* surroundings(leaves: Iterable<number>, size: number): Generator<Surrounding> {
  let next = 0;
  let tile = -1;
  for (const leaf of leaves) {
    if (leaf > next) yield { gap: [next, leaf] };
    next = leaf + 1;
    const own = Math.floor(leaf / TILE_WIDTH);
    if (own !== tile && (own + 1) * TILE_WIDTH <= size) yield { tile: own };
    tile = own;
  }
  if (next < size) yield { gap: [next, size] };
}
