import { hash } from 'node:crypto';
import type { FieldProblem } from '../common/app-error';
import { buildEnvelope } from '../events/envelope';
import type { AuditEvent } from '../events/event.schema';
import type { EventTypeDefinition, RetentionClass } from '../events/event-types';
import { findRows, FLAG_ID_GIVEN, MAX_ENVELOPE_BYTES, rowChecksum, rowSize, writeRow } from '../events/row';
import { uuidFromBytes, uuidToBytes, uuidV7Bytes } from '../events/uuid';
import { leafHash } from '../ledger/merkle';
import type { SegmentPart } from './segment-store';
import type { TenantSealer } from '../keys/event-sealer';

/**
 * Where each envelope stands while it is hashed. Four bytes more than the longest that is allowed, so that one that was cut is
 * longer than allowed too.
 */
const scratch = Buffer.allocUnsafe(MAX_ENVELOPE_BYTES + 4);
/** A first guess of what a row takes, bytes. */
const USUAL_ROW = 1024;

/** Turns the valid events of one request, all of one tenant, into rows. */
export class RowEncoder {
  private readonly known: string[] = [];
  private payload: Buffer;
  private size = 0;

  constructor(
    private readonly tenant: string,
    /** ms since the epoch. */
    private readonly receivedAt: number,
    private readonly retentionDays: Readonly<Record<RetentionClass, number>>,
    /** Another may follow before other events are added. */
    public sealer: TenantSealer,
    /** How many events are likely to come. */
    expected = 1,
  ) {
    this.payload = Buffer.allocUnsafe(expected * USUAL_ROW);
  }

  get count(): number {
    return this.known.length;
  }

  /**
   * Adds an event; `derivedId` is the id of one that names none itself but may be sent again. Returns the problem of an event
   * whose envelope is too large, which is then not added. Personal data is sealed before there is an envelope.
   */
  add(event: AuditEvent, type: EventTypeDefinition, derivedId?: string): FieldProblem | undefined {
    const known = event.id ?? derivedId;
    const idBytes = known === undefined ? uuidV7Bytes(this.receivedAt) : uuidToBytes(known);
    const id = known ?? uuidFromBytes(idBytes);
    const { tenant, receivedAt, retentionDays } = this;
    const { event: sealedEvent, sealed } = this.sealer.seal(event, id);
    const envelope = buildEnvelope(sealedEvent, {
      tenant,
      id,
      receivedAt,
      retentionDays,
      type,
      ...(sealed && { sealed }),
    });
    const bytes = scratch.write(envelope);
    if (bytes > MAX_ENVELOPE_BYTES) {
      return {
        path: '',
        message: `takes ${Buffer.byteLength(envelope)} bytes, and an event may take ${MAX_ENVELOPE_BYTES}; keep large content elsewhere and refer to it`,
      };
    }
    const written = scratch.subarray(0, bytes);
    // As text of one byte a character: a Buffer of its own for each result costs more than the hash.
    const checksum = hash('sha256', written, 'binary');
    const { keyId, signature } = this.sealer.sign(checksum);
    this.makeRoom(rowSize(bytes));
    const flags = known === undefined ? 0 : FLAG_ID_GIVEN;
    this.size = writeRow(this.payload, this.size, { flags, id: idBytes, checksum, keyId, signature }, written);
    this.known.push(id);
    return undefined;
  }

  /** The rows of all events added, in their order. Nothing may be added any more. */
  part(): SegmentPart {
    return { tenant: this.tenant, rows: this.count, payload: this.payload.subarray(0, this.size) };
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

  private makeRoom(bytes: number): void {
    if (this.size + bytes <= this.payload.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.payload.length, this.size + bytes));
    this.payload.copy(larger, 0, 0, this.size);
    this.payload = larger;
  }
}
