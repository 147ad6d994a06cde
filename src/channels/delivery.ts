import { createHash } from 'node:crypto';
import { z } from 'zod';
import { alertTransition, AlertTransition, TRANSITIONS } from '../alerts/transition';
import { derivedUuidV7 } from '../events/uuid';
import { CHANNEL_TYPES } from './recipient-group';

/** The BullMQ queue of messages on their way. A job is named by the id of its delivery and holds nothing else of it. */
export const DELIVERIES_QUEUE = 'audit-notifications';
export const deliveryPointer = z.object({ id: z.string() });

/** queued: on its way, maybe after failures · held: waits for a digest · sent · failed: given up · skipped: nobody to send to */
export const DELIVERY_STATES = ['queued', 'held', 'sent', 'failed', 'skipped'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];
export const DELIVERY_KINDS = [...TRANSITIONS, 'digest', 'test'] as const;

/** One message to one address, as it is kept. Times in ms since the epoch. */
export const delivery = z.object({
  id: z.string(),
  tenant: z.string(),
  /** Rises with every change. */
  revision: z.number().int(),
  kind: z.enum(DELIVERY_KINDS),
  /** Name of the recipient group. */
  group: z.string(),
  /** Name of the channel within the group; empty if the group has none for it. */
  channel: z.string(),
  type: z.enum([...CHANNEL_TYPES, 'none']),
  /** Says which address of the channel, without being it. */
  target: z.string(),
  /** The address, masked. */
  destination: z.string(),
  state: z.enum(DELIVERY_STATES),
  /** Why it failed, or waits, or was skipped. */
  reason: z.string().nullable(),
  attempts: z.number().int(),
  /** When that happened which it tells of. */
  at: z.number().int(),
  createdAt: z.number().int(),
  updatedAt: z.number().int(),
  /** When it is tried next, or goes out at the earliest. */
  dueAt: z.number().int().nullable(),
  sentAt: z.number().int().nullable(),
  /** The digest that it goes out with. */
  digest: z.string().nullable(),
  transition: alertTransition.nullable(),
});
export type Delivery = z.output<typeof delivery>;

export const isFinal = ({ state }: Pick<Delivery, 'state'>): boolean => state !== 'queued' && state !== 'held';

/** What stands for an address in ids and records. */
export const fingerprint = (...parts: string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);

/** The same step, told to the same address, is the same delivery: however often the step comes. */
export const deliveryIdOf = (transition: AlertTransition, type: string, target: string): string =>
  derivedUuidV7(`notification ${transition.tenant} ${transition.id} ${type} ${target}`, transition.at);

/** One digest for an address and the time at which it goes out. */
export const digestIdOf = (tenant: string, type: string, target: string, dueAt: number): string =>
  derivedUuidV7(`digest ${tenant} ${type} ${target} ${dueAt}`, dueAt);
