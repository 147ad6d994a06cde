import { z } from 'zod';
import { isUuid } from '../events/uuid';
import { eventFilter, listQuery } from '../search/event-query';
import { DELIVERY_KINDS, DELIVERY_STATES } from './delivery';
import { CHANNEL_TYPES } from './recipient-group';

const several = <T extends z.ZodType>(item: T, description: string) =>
  z
    .array(item)
    .min(1)
    .max(100, 'may be given 100 times at most')
    .meta({ description: `${description}; may be repeated, any of them matches` })
    .optional();
const uuid = z.string().refine(isUuid, { error: 'must be a UUID' });

/** Query of the notification log. */
export const notificationQuery = z.object({
  state: several(z.enum(DELIVERY_STATES), 'What became of it'),
  kind: several(z.enum(DELIVERY_KINDS), 'What it tells of'),
  type: several(z.enum([...CHANNEL_TYPES, 'none']), 'Kind of channel'),
  group: several(z.string().max(64), 'Recipient group'),
  alertId: several(uuid, 'Alert'),
  digest: several(uuid, 'Digest that it went out with'),
  from: eventFilter.shape.from.meta({ description: 'Made at or after this time' }),
  to: eventFilter.shape.to.meta({ description: 'Made before this time' }),
  limit: listQuery.shape.limit,
  cursor: listQuery.shape.cursor,
});
export type NotificationQuery = z.output<typeof notificationQuery>;
