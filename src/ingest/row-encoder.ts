import { hash } from 'node:crypto';
import type { FieldProblem } from '../common/app-error';
import { BUFFERS } from '../common/buffer-pool';
import { buildEnvelope } from '../events/envelope';
import type { AuditEvent } from '../events/event.schema';
import type { EventTypeDefinition, RetentionClass } from '../events/event-types';
import {
  closeRow,
  copyChecksum,
  DIGEST,
  envelopePlace,
  findRows,
  FLAG_ID_GIVEN,
  MAX_ENVELOPE_BYTES,
  rowChecksum,
  signRow,
  writeHead,
} from '../events/row';
import { uuidFromBytes, uuidToBytes, uuidV7Bytes } from '../events/uuid';
import { leafHash } from '../ledger/merkle';
import type { TenantSealer } from '../keys/event-sealer';
import { PlainEnvelopes } from './plain-envelope';
import type { PlainEvent } from './plain-event';
import type { SegmentPart } from './segment-store';

/** A first guess of what a row takes, bytes. */
const USUAL_ROW = 1024;
/** What a row takes beside its envelope, and room to move that by one byte. */
const HEAD = envelopePlace(0) + 2;
/** One that was cut here is still longer than allowed. */
const CUT = MAX_ENVELOPE_BYTES + 4;

/** Turns the valid events of one request, all of one tenant, into rows. */
export class RowEncoder {
  private readonly known: string[] = [];
  private readonly plain: PlainEnvelopes;
  private payload: Buffer;
  private size = 0;
  /** Where the rows begin that are not signed yet. */
  private unsigned: number[] = [];

  constructor(
    private readonly tenant: string,
    /** ms since the epoch. */
    private readonly receivedAt: number,
    private readonly retentionDays: Readonly<Record<RetentionClass, number>>,
    private sealer: TenantSealer,
    /** How many events are likely to come. */
    expected = 1,
  ) {
    this.payload = BUFFERS.take(expected > 1 ? expected * USUAL_ROW : 0);
    this.plain = new PlainEnvelopes(tenant, receivedAt, retentionDays);
  }

  get count(): number {
    return this.known.length;
  }

  /** What is added from now on is sealed and signed so. */
  use(sealer: TenantSealer): void {
    this.sign();
    this.sealer = sealer;
  }

  /**
   * Adds an event; `derivedId` is the id of one that names none itself but may be sent again. Returns the problem of an event
   * whose envelope is too large, which is then not added. Personal data is sealed before there is an envelope.
   */
  add(event: AuditEvent, type: EventTypeDefinition, derivedId?: string): FieldProblem | undefined {
    const { tenant, receivedAt, retentionDays } = this;
    const known = event.id ?? derivedId;
    const idBytes = this.idOf(known);
    const id = known ?? uuidFromBytes(idBytes);
    const { event: sealedEvent, sealed } = this.sealer.seal(event, id);
    const envelope = buildEnvelope(sealedEvent, {
      tenant,
      id,
      receivedAt,
      retentionDays,
      type,
      ...(sealed && { sealed }),
    });
    this.makeRoom(HEAD + Math.min(3 * envelope.length, CUT));
    const bytes = this.payload.write(envelope, envelopePlace(this.size));
    if (bytes > MAX_ENVELOPE_BYTES) {
      return {
        path: '',
        message: `takes ${Buffer.byteLength(envelope)} bytes, and an event may take ${MAX_ENVELOPE_BYTES}; keep large content elsewhere and refer to it`,
      };
    }
    this.close(bytes, id, idBytes, known !== undefined);
    return undefined;
  }

  /**
   * Adds an event that is still bytes; false for one that `add` has to take.
   * @param bytes how many it came in
   */
  addPlain(event: PlainEvent, bytes: number, derivedId?: string): boolean {
    const known = event.id ?? derivedId;
    const idBytes = this.idOf(known);
    const id = known ?? uuidFromBytes(idBytes);
    this.makeRoom(HEAD + this.plain.longest(bytes));
    const start = envelopePlace(this.size);
    const end = this.plain.write(this.payload, start, event, id, this.sealer.protection);
    if (end < 0 || end > this.payload.length || end - start > MAX_ENVELOPE_BYTES) return false;
    this.close(end - start, id, idBytes, known !== undefined);
    return true;
  }

  /** The rows of all events added, in their order. Nothing may be added any more. */
  part(): SegmentPart {
    this.sign();
    return { tenant: this.tenant, rows: this.count, payload: this.payload.subarray(0, this.size) };
  }

  /** Says that nobody will look at the rows any more. */
  release(): void {
    BUFFERS.give(this.payload);
    this.payload = Buffer.alloc(0);
  }

  ids(): string[] {
    return this.known;
  }

  /** What a sender needs to check later that the log holds what was sent: id, SHA-256 of the envelope and its leaf hash, hex. */
  receipts(): { id: string; checksum: string; leafHash: string }[] {
    const { payload } = this.part();
    return findRows(payload).map((row, i) => ({
      id: this.known[i] ?? '',
      checksum: rowChecksum(payload, row).toString('hex'),
      leafHash: leafHash(payload.subarray(row.envelopeStart, row.end)).toString('hex'),
    }));
  }

  private idOf(known: string | undefined): Buffer {
    return known === undefined ? uuidV7Bytes(this.receivedAt) : uuidToBytes(known);
  }

  /** Makes a row of the envelope that has been written behind the last one. */
  private close(bytes: number, id: string, idBytes: Buffer, isGiven: boolean): void {
    const { payload, size } = this;
    const end = closeRow(payload, size, bytes);
    const checksum = hash('sha256', payload.subarray(end - bytes, end), 'binary');
    writeHead(payload, size, isGiven ? FLAG_ID_GIVEN : 0, idBytes, checksum);
    this.unsigned.push(size);
    this.size = end;
    this.known.push(id);
  }

  /** Signs what is not signed yet. All at once: that costs a tenth of signing one by one. */
  private sign(): void {
    const { unsigned, payload } = this;
    if (unsigned.length === 0) return;
    const checksums = Buffer.allocUnsafe(unsigned.length * DIGEST);
    for (let i = 0; i < unsigned.length; i++) copyChecksum(payload, unsigned[i] as number, checksums, i * DIGEST);
    const { keyId, signatures } = this.sealer.sign(checksums);
    for (let i = 0; signatures && i < unsigned.length; i++) {
      signRow(payload, unsigned[i] as number, keyId, signatures, i * DIGEST);
    }
    this.unsigned = [];
  }

  private makeRoom(bytes: number): void {
    if (this.size + bytes <= this.payload.length) return;
    const larger = BUFFERS.take(Math.max(2 * this.payload.length, this.size + bytes));
    this.payload.copy(larger, 0, 0, this.size);
    BUFFERS.give(this.payload);
    this.payload = larger;
  }
}
