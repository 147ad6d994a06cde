import { z } from 'zod';

/** The answer of `POST /audit/api/events`. */
export const ingestResult = z
  .object({
    accepted: z.number().int().describe('events that are durable now'),
    rejected: z.number().int().describe('items that were no valid event'),
    ids: z.array(z.string()).describe('ids of the accepted events, in the order sent'),
    errors: z
      .array(
        z.object({
          index: z.number().int().describe('position of the item in the body, from 0'),
          line: z.number().int().optional().describe('its line, from 1; NDJSON only'),
          problems: z.array(z.object({ path: z.string(), message: z.string() })),
        }),
      )
      .describe('why items were rejected; the first 1,000 are listed'),
    errorsOmitted: z.number().int().optional().describe('how many more errors there are than listed'),
    receipts: z
      .array(z.object({ id: z.string(), checksum: z.string(), leafHash: z.string() }))
      .optional()
      .describe(
        'with ?receipts=true: SHA-256 of the envelope of each accepted event, and its leaf hash in the ledger, hex; ' +
          'keep them to check later, with events/{id}/proof, that the ledger holds what was sent',
      ),
  })
  .meta({
    examples: [
      {
        accepted: 1,
        rejected: 1,
        ids: ['0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12'],
        errors: [
          {
            index: 1,
            problems: [{ path: 'eventType', message: 'unknown type "LOGIN_FAILD"; did you mean LOGIN_FAILED?' }],
          },
        ],
      },
    ],
  });
export type IngestResult = z.infer<typeof ingestResult>;

/** Query of `POST /audit/api/events`. */
export const ingestQuery = z.object({
  receipts: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('whether the answer names the checksum and the leaf hash of each event'),
});
