import { z } from 'zod';
import { DEFAULT_RULES } from './default-rules';
import { ruleSchema } from './rule';

/** A version of a rule as it is stored. */
export const ruleRecord = z.object({
  rule: ruleSchema,
  /** From 1; a default rule that was never changed has version 0. */
  version: z.number().int(),
  deleted: z.boolean(),
  /** `apikey:<id>`; `mcp-audit` for a default rule. */
  changedBy: z.string(),
  /** ms since the epoch. */
  changedAt: z.number().int(),
});
export type RuleRecord = z.output<typeof ruleRecord>;

const DEFAULTS: readonly RuleRecord[] = DEFAULT_RULES.map((rule) => ({
  rule,
  version: 0,
  deleted: false,
  changedBy: 'mcp-audit',
  changedAt: 0,
}));

/** The rules in force, by id, from the newest stored versions and the default rules beneath them. */
export function inForce(stored: readonly RuleRecord[]): RuleRecord[] {
  const byId = new Map(DEFAULTS.map((record) => [record.rule.id, record]));
  for (const record of stored) {
    const known = byId.get(record.rule.id);
    if (!known || record.version > known.version) byId.set(record.rule.id, record);
  }
  return [...byId.values()].filter((r) => !r.deleted).sort((a, b) => (a.rule.id < b.rule.id ? -1 : 1));
}

export const isDefault = (id: string): boolean => DEFAULT_RULES.some((rule) => rule.id === id);
export const defaultRecord = (id: string): RuleRecord | undefined => DEFAULTS.find((r) => r.rule.id === id);
