import { LeafSet, Surrounding, surroundings } from './leaf-set';
import { LedgerStore } from './ledger-store';
import { Node, spanNodes } from './merkle';
import { TILE_HEIGHT } from './tiles';

/** Hashes that one query asks for. */
const NODES_AT_ONCE = 128;

/**
 * The lines that prove the leaves of an export to be in a tree of `size`, of two kinds:
 * `{"gap":{"from","to","hashes"}}`, hashes over leaves that the export has not, from `from` to before `to`, one for each of
 * `spanNodes([from, to])`; and `{"tile":{"index","hash"}}`, for each whole tile (256 leaves) of which the export has some.
 * @param leaves below `size`
 * @throws AppError `LEDGER_DAMAGED`
 */
export async function* proofLines(
  store: LedgerStore,
  tenant: string,
  leaves: LeafSet,
  size: number,
): AsyncGenerator<string> {
  let parts: { part: Surrounding; nodes: Node[] }[] = [];
  let count = 0;
  const lines = async (): Promise<string> => {
    const hashes = await store.nodeHashes(
      tenant,
      parts.flatMap(({ nodes }) => nodes),
    );
    let at = 0;
    const text = parts.map(({ part, nodes }) => {
      const own = hashes.slice(at, (at += nodes.length)).map((hash) => hash.toString('hex'));
      return 'tile' in part
        ? { tile: { index: part.tile, hash: own[0] } }
        : { gap: { from: part.gap[0], to: part.gap[1], hashes: own } };
    });
    parts = [];
    count = 0;
    return text.map((line) => `${JSON.stringify(line)}\n`).join('');
  };
  for (const part of surroundings(leaves, size)) {
    const nodes = 'tile' in part ? [{ level: TILE_HEIGHT, index: part.tile }] : spanNodes(part.gap);
    parts.push({ part, nodes });
    count += nodes.length;
    if (count >= NODES_AT_ONCE) yield await lines();
  }
  if (parts.length > 0) yield await lines();
}
