import { z } from 'zod';
import { isUuid } from '../events/uuid';
import { eventFilter, listQuery } from '../search/event-query';
import { STATES } from './dead-letter';

const several = <T extends z.ZodType>(item: T, description: string) =>
  z
    .array(item)
    .min(1)
    .max(100, 'may be given 100 times at most')
    .meta({ description: `${description}; may be repeated, any of them matches` })
    .optional();

/** Query of the list of dead letters. */
export const deadLetterQuery = z.object({
  state: several(z.enum(STATES, { error: `must be one of ${STATES.join(', ')}` }), 'State'),
  reasonCode: several(z.string().regex(/^[A-Z_]{1,64}$/, 'must be a code such as ID_CONFLICT'), 'Why it was refused'),
  eventId: several(z.string().refine(isUuid, { error: 'must be a UUID' }), 'Id of the event'),
  from: eventFilter.shape.from.meta({ description: 'Letters made at or after this time' }),
  to: eventFilter.shape.to.meta({ description: 'Letters made before this time' }),
  limit: listQuery.shape.limit,
  cursor: listQuery.shape.cursor,
});
export type DeadLetterQuery = z.output<typeof deadLetterQuery>;
