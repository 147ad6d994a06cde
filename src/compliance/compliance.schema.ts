import { z } from 'zod';
import { SEVERITIES } from '../events/event-types';
import { oneOf, time, timezone } from '../search/event-query';
import { CONTROL_STATUSES, FINDINGS_SHOWN, REGULATIONS } from './assessment';

const regulation = oneOf(REGULATIONS).meta({ description: 'The regulation', examples: ['gdpr'] });

/** Query of the list of controls. */
export const controlsQuery = z.object({ regulation: regulation.optional() });

/** Query of an assessment. */
export const assessmentQuery = z.object({
  regulation,
  from: time('Start of the period; default: 30 days before `to`', '2026-11-01').optional(),
  to: time('End of the period, not included; default: now', '2026-12-01').optional(),
  timeZone: timezone.meta({ description: 'Where days and deadlines are counted', examples: ['Europe/Lisbon'] }),
});

const words = z.object({ en: z.string(), pt: z.string() }).describe('One text in each language');
const moment = z.string().meta({ format: 'date-time' });
const about = {
  id: z.string().meta({ examples: ['gdpr-art-7-3'] }),
  article: z.string().meta({ examples: ['Art. 7(3)'] }),
  title: words,
  demand: words.describe('What the law demands, in plain words'),
};

export const controlList = z.object({
  items: z.array(
    z.object({
      regulation: z.enum(REGULATIONS),
      ...about,
      evidence: z
        .array(z.object({ id: z.string(), title: words, eventTypes: z.array(z.string()) }))
        .describe('Events that are counted'),
      checks: z
        .array(z.object({ id: z.string(), cases: words, fault: words.describe('What makes a case an exception') }))
        .describe('Rules that every case is tested by'),
      attestation: words.nullable().describe('What no event can show, so that a person has to attest it'),
    }),
  ),
});
export type ControlList = z.output<typeof controlList>;

export const assessmentAnswer = z.object({
  regulation: z.enum(REGULATIONS),
  tenant: z.string(),
  from: moment,
  to: moment,
  timeZone: z.string(),
  asOf: moment.describe('Deadlines are judged as of this time: the end of the period, or now if that is earlier'),
  events: z.number().int().describe('Events of the period'),
  erasedEvents: z.number().int().describe('Of them, those about people who were erased'),
  controls: z.array(
    z.object({
      ...about,
      status: z.enum(CONTROL_STATUSES).describe('`no_events` says that nothing was shown, so it is never good'),
      reason: words.describe('Why it has this status, with the numbers'),
      evidence: z.array(
        z.object({
          id: z.string(),
          title: words,
          count: z.number().int(),
          filters: z
            .string()
            .nullable()
            .describe('Query string of `GET /audit/api/events` that finds these events; null where no filter can'),
          samples: z.array(z.string()).describe('Ids of some of the events, newest first'),
        }),
      ),
      findings: z
        .array(
          z.object({
            severity: z.enum(SEVERITIES),
            title: words,
            occurredAt: moment,
            eventIds: z.array(z.string()),
          }),
        )
        .describe(`The gravest and newest first, ${FINDINGS_SHOWN} at most`),
      findingCount: z.number().int().describe('All findings'),
    }),
  ),
});
