import type { Fault } from './verify-report';
import type { VerifyStore } from './verify-store';

/** What someone kept of an event: a receipt of ingest, or a line of an export. */
export interface Receipt {
  id: string | null;
  /** hex */
  leafHash: string;
  /** Where it stood, if that is known. */
  leafIndex: number | null;
}

/** Receipts whose leaf hash the ledger does not hold, or not where it was. */
export async function compareReceipts(
  store: Pick<VerifyStore, 'placesOf'>,
  tenant: string,
  receipts: readonly Receipt[],
): Promise<Fault[]> {
  if (receipts.length === 0) return [];
  const places = await store.placesOf(tenant, [...new Set(receipts.map((receipt) => receipt.leafHash))]);
  return receipts.flatMap(({ id, leafHash, leafIndex }): Fault[] => {
    const there = places.get(leafHash) ?? [];
    if (there.length === 0) {
      const detail = 'the ledger does not hold the event that was given, or holds it altered';
      return [{ kind: 'missing', leafIndex, eventId: id, detail }];
    }
    if (leafIndex === null || there.includes(leafIndex)) return [];
    const detail = `it was given as leaf ${leafIndex} and stands at leaf ${there.join(', ')}`;
    return [{ kind: 'reordered', leafIndex: there[0] ?? null, eventId: id, detail }];
  });
}
