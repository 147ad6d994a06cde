import { z } from 'zod';
import { eventSchema } from '../events/event.schema';
import { CATEGORIES, OUTCOMES, RETENTION_CLASSES, SEVERITIES } from '../events/event-types';

/** Columns that an item is made of. */
export const ITEM_COLUMNS = 'envelope, leaf_index, lower(hex(checksum)) AS sum, key_id';

export interface ItemRow {
  envelope: string;
  leaf_index: number;
  sum: string;
  key_id: number;
}

/** A stored event as the API gives it: the members of its envelope, and what proves them. */
export const eventItem = z
  .looseObject({
    ...eventSchema.shape,
    v: z.literal(1).describe('Version of the envelope'),
    id: z.string(),
    tenant: z.string(),
    category: z.enum(CATEGORIES),
    severity: z.enum(SEVERITIES),
    outcome: z.enum(OUTCOMES),
    occurredAt: z.string(),
    receivedAt: z.string(),
    retention: z.enum(RETENTION_CLASSES),
    retainUntil: z.string().describe('The first day on which retention may remove it'),
    sealed: z
      .union([z.array(z.string()), z.record(z.string(), z.string())])
      .optional()
      .describe('Names of the fields that hold personal data; `reveal` puts them back in their places'),
    leafIndex: z.number().int().describe('Position in the ledger of the tenant, from 0'),
    checksum: z.string().describe('SHA-256 of the envelope, hex'),
    keyId: z.number().int().nullable().describe('The key that signed the envelope; null if none did'),
  })
  .meta({
    examples: [
      {
        v: 1,
        id: '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12',
        tenant: 'default',
        eventType: 'LOGIN_FAILED',
        category: 'authentication',
        severity: 'medium',
        outcome: 'failure',
        occurredAt: '2026-11-23T05:16:00.123Z',
        receivedAt: '2026-11-23T05:16:00.987Z',
        description: 'Wrong password',
        context: { userId: 'u-1029', ipAddress: '203.0.113.9', service: 'portal' },
        subjectId: 'u-1029',
        retention: 'security',
        retainUntil: '2033-11-22',
        leafIndex: 4711,
        checksum: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        keyId: null,
      },
    ],
  });
export type EventItem = z.output<typeof eventItem>;

export function toItem(row: ItemRow): EventItem {
  const envelope = JSON.parse(row.envelope) as EventItem;
  return { ...envelope, leafIndex: row.leaf_index, checksum: row.sum, keyId: row.key_id === 0 ? null : row.key_id };
}
