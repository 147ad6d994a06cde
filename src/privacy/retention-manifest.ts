import { z } from 'zod';
import type { RetentionClass } from '../config/config';
import { canonicalize } from '../events/canonical-json';
import { derivedUuidV7 } from '../events/uuid';
import { isCheckpointSignature } from '../keys/ed25519';
import { countLeaves, hashRanges, LeafRange } from './leaf-ranges';

/** What is removed together: events of one class that were received in one month. Partitions of the table are the same. */
export interface Partition {
  retention: RetentionClass;
  /** As in 202611. */
  month: number;
}

/**
 * The signed statement that retention removes certain leaves of a tenant. It is stored before they go: a leaf that a sound
 * manifest names may be absent from the events, any other may not.
 */
export interface RetentionManifest {
  tenant: string;
  id: string;
  /** ms since the epoch. */
  createdAt: number;
  retention: RetentionClass;
  /** The retention of all of them ended on or before this day, as in 2026-11-23. */
  horizon: string;
  leafCount: number;
  ranges: LeafRange[];
  /** Canonical JSON; exactly these bytes are signed. */
  body: string;
  keyNumber: number;
  publicKey: Buffer;
  signature: Buffer;
}

const bodySchema = z.object({
  format: z.literal('mcp-audit-retention/1'),
  id: z.string(),
  tenant: z.string(),
  retention: z.string(),
  month: z.number(),
  horizon: z.string(),
  createdAt: z.string(),
  leaves: z.number(),
  first: z.number(),
  last: z.number(),
  rangesSha256: z.string(),
  /** The leaves of the ledger that were sealed then; all that are named are among them. */
  ledgerSize: z.number(),
});

export interface ManifestFacts {
  tenant: string;
  partition: Partition;
  horizon: string;
  ranges: LeafRange[];
  ledgerSize: number;
}

/** The same leaves give the same id, so that a removal that was interrupted writes no second manifest. */
export function manifestId({ tenant, partition: { retention, month }, ranges }: ManifestFacts): string {
  const received = Date.UTC(Math.floor(month / 100), (month % 100) - 1);
  return derivedUuidV7(`retention:${tenant}:${retention}:${month}:${hashRanges(ranges)}`, received);
}

/** What is signed. Pure. */
export function manifestBody(facts: ManifestFacts, createdAt: number): string {
  const { tenant, partition, horizon, ranges, ledgerSize } = facts;
  return canonicalize({
    format: 'mcp-audit-retention/1',
    id: manifestId(facts),
    tenant,
    retention: partition.retention,
    month: partition.month,
    horizon,
    createdAt: new Date(createdAt).toISOString(),
    leaves: countLeaves(ranges),
    first: ranges[0]?.[0] ?? 0,
    last: ranges.at(-1)?.[1] ?? 0,
    rangesSha256: hashRanges(ranges),
    ledgerSize,
  } satisfies z.input<typeof bodySchema>);
}

/**
 * What is wrong with a stored manifest, or undefined if it is sound. Pure.
 * @param isKnownKey whether a public key is one with which this system signs
 */
export function manifestFault(
  manifest: RetentionManifest,
  isKnownKey: (publicKey: Buffer, keyNumber: number) => boolean,
): string | undefined {
  const { body, publicKey, keyNumber, signature, ranges } = manifest;
  if (!isKnownKey(publicKey, keyNumber)) return 'it is signed by an unknown key';
  if (!isCheckpointSignature(publicKey, Buffer.from(body), signature)) return 'its signature is wrong';
  const said = bodySchema.safeParse(parsed(body));
  if (!said.success) return 'its body is no manifest';
  const { id, tenant, retention, horizon, leaves, last, rangesSha256, ledgerSize } = said.data;
  const same = id === manifest.id && tenant === manifest.tenant && retention === manifest.retention;
  if (!same || horizon !== manifest.horizon) return 'its columns differ from its body';
  if (rangesSha256 !== hashRanges(ranges) || leaves !== countLeaves(ranges) || leaves !== manifest.leafCount) {
    return 'its ranges are not those that were signed';
  }
  return last < ledgerSize ? undefined : 'it names leaves that were not sealed';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
