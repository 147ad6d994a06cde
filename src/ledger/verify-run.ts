import { setImmediate as breathe } from 'node:timers/promises';
import { HASH_BYTES } from './merkle';
import type { Checkpoint } from './checkpoint';
import { Conflict, TreeCheck, wrongTiles } from './verify-tree';
import { Evidence, NamedConflict, nameFaults, Surplus } from './verify-naming';
import type { Removals } from './verify-manifests';
import { Fault, Findings, FaultKind, NoteKind } from './verify-report';
import { HashTable, JudgedRows, rowKey } from './verify-rows';
import type { CheckedSignatures } from './verify-signatures';
import { COMPARED, type VerifyScan } from './verify-scan';
import type { VerifyStore } from './verify-store';

/** A range of leaves as it was read. The events are left out where only the tree is followed. */
export interface ReadRange {
  first: number;
  end: number;
  sealed: HashTable;
  events: { judged: JudgedRows; signatures: CheckedSignatures } | undefined;
}

/** Findings that are kept until all is read, since only then they can be named; beyond that they are counted as they stand. */
const KEEP = 5000;
/** Leaves after which others get their turn. */
const BREATH = 8192;

/** Follows the ledger of a tenant range by range, and remembers what does not fit. */
export class VerifyRun {
  readonly faults = new Findings<FaultKind>();
  readonly notes = new Findings<NoteKind>();
  readonly expiredBy = new Map<string, number>();
  events = 0;
  signatures = 0;
  checkpoints = 0;
  tiles = 0;
  private readonly conflicts: NamedConflict[] = [];
  private readonly surplus: Surplus[] = [];
  private readonly missing = new Set<number>();
  private cutTo = 0;
  private unfitting: { fault: Fault; more: number } | undefined;

  constructor(
    private readonly tenant: string,
    private readonly tree: TreeCheck,
    private readonly store: VerifyStore,
    private readonly scan: VerifyScan,
    public removals: Removals,
  ) {}

  /** Leaves of the range that have no event although no manifest names them. */
  unexplained({ first, end, events }: ReadRange): number {
    if (!events || events.judged.isWhole) return 0;
    let count = 0;
    for (let leaf = first; leaf < end; leaf++) {
      if (!events.judged.has(leaf) && this.removals.of(leaf) === undefined) count++;
    }
    return count;
  }

  /** @param checkpoints sound ones with sizes in the range, end included, by size */
  async follow(range: ReadRange, checkpoints: readonly Checkpoint[]): Promise<void> {
    const conflicts = range.events ? await this.compare(range, range.events) : this.holes(range);
    const { hashes } = range.sealed;
    let at = range.first;
    let next = 0;
    const upTo = async (size: number) => {
      while (at < size) {
        const stop = Math.min(size, at + BREATH);
        const some: Conflict[] = [];
        for (let c = conflicts[next]; c && c.leafIndex < stop; c = conflicts[++next]) some.push(c);
        const bytes = hashes.subarray((at - range.first) * HASH_BYTES, (stop - range.first) * HASH_BYTES);
        this.tree.append(bytes, some);
        at = stop;
        await breathe();
      }
    };
    for (const checkpoint of checkpoints) {
      await upTo(checkpoint.size);
      this.compareRoot(checkpoint);
    }
    await upTo(range.end);
    await this.compareTiles();
  }

  /** Whether a signed root is that of the tree as far as it was followed. */
  compareRoot({ size, root }: Checkpoint): void {
    this.checkpoints++;
    if (this.tree.matches(root)) return;
    if (this.unfitting) {
      this.unfitting.more++;
      return;
    }
    const detail = `the stored leaves do not give the root that was signed at size ${size}`;
    this.unfitting = {
      fault: { kind: 'wrong-checkpoint', leafIndex: null, eventId: null, detail, reference: String(size) },
      more: 0,
    };
  }

  wrongCheckpoint(size: number, detail: string): void {
    this.faults.add({ kind: 'wrong-checkpoint', leafIndex: null, eventId: null, detail, reference: String(size) });
  }

  /** Leaves that were under a checkpoint behind the present end, and are there no more. */
  cutOff(after: number, end: number): void {
    const first = Math.max(after, this.cutTo);
    if (first >= end) return;
    this.cutTo = end;
    const listed = Math.min(end, first + this.faults.room('missing'));
    for (let leaf = first; leaf < listed; leaf++) {
      this.faults.add({
        ...at(leaf, null),
        kind: 'missing',
        detail: 'it was under a checkpoint; the ledger ends before it',
      });
    }
    this.faults.more('missing', end - listed);
  }

  addSurplus(rows: readonly Surplus[]): void {
    for (const row of rows) {
      if (this.surplus.length < KEEP) this.surplus.push(row);
      else this.faults.more('inserted', 1);
    }
  }

  /** Names what was found, once all is read. */
  async conclude(): Promise<void> {
    const hashes = [...this.conflicts.map((c) => c.event), ...this.surplus.map((row) => row.hash)];
    const places = await this.store.placesOf(this.tenant, [...new Set(hashes.map((hash) => hash.toString('hex')))]);
    const { conflicts, surplus, missing } = this;
    const evidence: Evidence = { conflicts, surplus, missing, places };
    for (const fault of nameFaults(evidence)) this.faults.add(fault);
    if (this.unfitting) {
      const { fault, more } = this.unfitting;
      const others = more === 0 ? '' : `; nor do they for ${more} checkpoint(s) behind it`;
      this.faults.add({ ...fault, detail: fault.detail + others });
    }
    for (const [id, why] of this.removals.faults) {
      this.faults.add({
        ...at(null, null),
        kind: 'wrong-manifest',
        reference: id,
        detail: `retention manifest: ${why}`,
      });
    }
  }

  private async compare(range: ReadRange, events: NonNullable<ReadRange['events']>): Promise<Conflict[]> {
    const { judged, signatures } = events;
    this.events += judged.count;
    this.signatures += signatures.signed;
    this.preferSealed(range.sealed, judged);
    const conflicts = this.collectConflicts(range, judged, signatures);
    const suspect = new Map<string, number>();
    for (const key of [...judged.differing.keys(), ...signatures.wrong.keys()]) {
      if (suspect.size < 2 * KEEP) suspect.set(key, Number(key.slice(0, key.indexOf(':'))));
    }
    const listed = new Set([...suspect.values(), ...judged.extra.map((row) => row.leafIndex)]);
    for (const { leafIndex } of conflicts.slice(0, KEEP)) listed.add(leafIndex);
    for (const leaf of signatures.unsigned.leaves.slice(0, this.notes.room('unsigned'))) listed.add(leaf);
    const ids = await this.idsOf([...listed].slice(0, 4 * KEEP));
    const idOf = (leaf: number, hash: Buffer) => ids.get(rowKey(leaf, hash)) ?? null;
    this.addRowFaults(conflicts, judged, signatures, ids);
    this.keepConflicts(conflicts, judged, signatures, idOf);
    this.addSurplus(
      judged.extra.map(({ leafIndex, hash }) => ({
        ...{ leafIndex, hash, eventId: idOf(leafIndex, hash) },
        why: 'another event stands at this leaf already',
      })),
    );
    const unsigned = signatures.unsigned.leaves.slice(0, this.notes.room('unsigned'));
    for (const leaf of unsigned) {
      const hash = judged.get(leaf);
      this.notes.add({
        ...at(leaf, hash ? idOf(leaf, hash) : null),
        kind: 'unsigned',
        detail: 'it carries no signature',
      });
    }
    this.notes.more('unsigned', signatures.unsigned.count - unsigned.length);
    return conflicts;
  }

  /** Of several rows at one leaf the one that was sealed is the one that belongs there. */
  private preferSealed(sealed: HashTable, judged: JudgedRows): void {
    judged.extra.forEach(({ leafIndex, hash }, i) => {
      const right = sealed.get(leafIndex);
      if (right?.equals(hash) === true && judged.get(leafIndex)?.equals(right) === false) judged.prefer(i);
    });
  }

  /** Leaves with two hashes; on the way, those without any event. Where the ledger has several, one that fits is taken. */
  private collectConflicts(range: ReadRange, judged: JudgedRows, signatures: CheckedSignatures): Conflict[] {
    const { first, end, sealed } = range;
    sealed.extra.forEach(({ leafIndex, hash }, i) => {
      if (judged.get(leafIndex)?.equals(hash) === true) sealed.prefer(i);
    });
    for (const { leafIndex } of sealed.extra) {
      this.faults.add({
        ...at(leafIndex, null),
        kind: 'wrong-leaf-hash',
        detail: 'the ledger holds two hashes for it',
      });
    }
    const conflicts: Conflict[] = [];
    if (judged.isWhole && sealed.isWhole && judged.hashes.equals(sealed.hashes)) return conflicts;
    for (let leafIndex = first; leafIndex < end; leafIndex++) {
      const event = judged.get(leafIndex);
      const kept = sealed.get(leafIndex);
      if (!event) this.absent(leafIndex, kept !== undefined);
      else if (kept?.equals(event) !== true) {
        const plausible = !signatures.wrong.has(rowKey(leafIndex, event));
        conflicts.push({ leafIndex, sealed: kept && Buffer.from(kept), event: Buffer.from(event), plausible });
      }
    }
    return conflicts;
  }

  private absent(leafIndex: number, sealed: boolean): void {
    const manifest = this.removals.of(leafIndex);
    if (manifest !== undefined) {
      this.expiredBy.set(manifest, (this.expiredBy.get(manifest) ?? 0) + 1);
      this.notes.add({
        ...at(leafIndex, null),
        kind: 'retention-expired',
        reference: manifest,
        detail: `removed under the retention manifest ${manifest}`,
      });
    } else if (this.missing.size < KEEP) this.missing.add(leafIndex);
    else this.faults.more('missing', 1);
    if (!sealed) {
      this.faults.add({
        ...at(leafIndex, null),
        kind: 'wrong-leaf-hash',
        detail: 'the ledger holds no hash for it any more',
      });
    }
  }

  /** Where only the tree is followed, all that can be seen is a hash that is gone. */
  private holes({ first, end, sealed }: ReadRange): Conflict[] {
    for (let leaf = first; leaf < end && !sealed.isWhole; leaf++) {
      if (sealed.has(leaf)) continue;
      this.faults.add({
        ...at(leaf, null),
        kind: 'wrong-leaf-hash',
        detail: 'the ledger holds no hash for it any more',
      });
    }
    return [];
  }

  /** Faults of rows whose bytes are those that were sealed. */
  private addRowFaults(
    conflicts: readonly Conflict[],
    judged: JudgedRows,
    signatures: CheckedSignatures,
    ids: ReadonlyMap<string, string>,
  ): void {
    const elsewhere = new Set(conflicts.map(({ leafIndex, event }) => rowKey(leafIndex, event)));
    for (const { leafIndex, hash } of judged.extra) elsewhere.add(rowKey(leafIndex, hash));
    for (const [key, bits] of judged.differing) {
      if (elsewhere.has(key)) continue;
      const columns = columnsOf(bits);
      const detail = `${columns.join(', ')}: not what the envelope says`;
      this.faults.add({ ...at(leafOf(key), ids.get(key) ?? null), kind: 'column-differs', detail, columns });
    }
    for (const [key, why] of signatures.wrong) {
      if (elsewhere.has(key)) continue;
      this.faults.add({
        ...at(leafOf(key), ids.get(key) ?? null),
        kind: 'wrong-signature',
        detail: `the signature is wrong: ${why}`,
      });
    }
  }

  private keepConflicts(
    conflicts: readonly Conflict[],
    judged: JudgedRows,
    signatures: CheckedSignatures,
    idOf: (leaf: number, hash: Buffer) => string | null,
  ): void {
    // The tree settles the very objects that it is given, so they are completed and not copied.
    for (const conflict of conflicts) {
      if (this.conflicts.length >= KEEP) {
        this.faults.more('altered', 1);
        continue;
      }
      const key = rowKey(conflict.leafIndex, conflict.event);
      this.conflicts.push(
        Object.assign(conflict, {
          eventId: idOf(conflict.leafIndex, conflict.event),
          columns: columnsOf(judged.differing.get(key) ?? 0),
          signatureFault: signatures.wrong.get(key),
        }),
      );
    }
  }

  private async idsOf(leaves: readonly number[]): Promise<Map<string, string>> {
    const rows = leaves.length === 0 ? [] : await this.store.eventsAt(this.tenant, leaves);
    return new Map(rows.map((row) => [rowKey(row.leafIndex, row.hash), row.id]));
  }

  private async compareTiles(): Promise<void> {
    const computed = this.tree.takeTiles();
    this.tiles += computed.length;
    for (const level of new Set(computed.map((tile) => tile.level))) {
      const ofLevel = computed.filter((tile) => tile.level === level);
      const places = ofLevel.map((tile) => tile.place);
      const stored = await this.scan.tiles(this.tenant, level, Math.min(...places), Math.max(...places) + 1);
      for (const { place, gone } of wrongTiles(ofLevel, stored)) {
        const detail = gone ? 'the ledger holds no such tile hash' : 'the tile hash is not that of the leaves below it';
        this.faults.add({ ...at(null, null), kind: 'wrong-tile', reference: `tile ${level}/${place}`, detail });
      }
    }
  }
}

const at = (leafIndex: number | null, eventId: string | null) => ({ leafIndex, eventId });
const leafOf = (key: string): number => Number(key.slice(0, key.indexOf(':')));
const columnsOf = (bits: number): string[] => COMPARED.filter((_, i) => (bits & (1 << i)) !== 0);
