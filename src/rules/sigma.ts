import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { AppError, FieldProblem } from '../common/app-error';
import type { Severity } from '../events/event-types';
import { Condition, Expression, Match, Rule, RuleInput, ruleSchema } from './rule';
import { both, either, readDetection } from './sigma-detection';
import { isMap, SigmaFault } from './sigma-fault';
import { FieldMapping, mapField } from './sigma-fields';
import { isSourceForm, readSourceForm } from './source-form';

const MAX_DOCUMENTS = 200;
const LEVELS: Record<string, Severity> = {
  informational: 'info',
  low: 'low',
  medium: 'medium',
  high: 'high',
  critical: 'critical',
};

const document = z.looseObject({
  title: z.string().min(1).max(256),
  id: z.string().optional(),
  name: z.string().optional(),
  description: z.string().optional(),
  level: z.enum(['informational', 'low', 'medium', 'high', 'critical']).optional(),
  detection: z.unknown().optional(),
  correlation: z
    .looseObject({
      type: z.string(),
      rules: z.union([z.string(), z.array(z.string()).min(1)]).transform((rules) => [rules].flat()),
      'group-by': z
        .union([z.string(), z.array(z.string())])
        .transform((fields) => [fields].flat())
        .default([]),
      timespan: z.string(),
      condition: z.record(z.string(), z.unknown()).optional(),
      aliases: z.record(z.string(), z.record(z.string(), z.string())).default({}),
      generate: z.boolean().default(false),
    })
    .optional(),
});
type Document = z.output<typeof document>;
type Correlation = NonNullable<Document['correlation']>;
type Threshold = Extract<Condition, { kind: 'threshold' }>;

export interface SigmaOptions {
  mapping: FieldMapping;
  recipients: string[];
}

/**
 * Alert rules of YAML: of Sigma's detection and correlation rules, and of rules in the form of `readSourceForm`. Detection rules
 * that a correlation refers to become part of it, and rules of their own only if it says `generate`.
 * @throws AppError 422 that names each document and what of it is wrong or not supported
 */
export function importRules(yaml: string, options: SigmaOptions): Rule[] {
  const problems: FieldProblem[] = [];
  const fail = (index: number, title: unknown, message: string) =>
    problems.push({ path: `document ${index + 1}${typeof title === 'string' ? ` (${title})` : ''}`, message });
  const contents = parseDocuments(yaml, fail);
  const rules: RuleInput[] = [];
  const sigma: Document[] = [];
  const places = new Map<Document, number>();
  contents.forEach((content, i) => {
    if (isSourceForm(content))
      return collect(
        rules,
        () => [readSourceForm(content)],
        (m) => fail(i, content.id, m),
      );
    const parsed = document.safeParse(content);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      return fail(
        i,
        isMap(content) ? content.title : undefined,
        `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
      );
    }
    sigma.push(parsed.data);
    places.set(parsed.data, i);
  });
  const referred = new Set(sigma.flatMap((d) => (d.correlation && !d.correlation.generate ? d.correlation.rules : [])));
  for (const doc of sigma) {
    if ([doc.id, doc.name].some((name) => name !== undefined && referred.has(name))) continue;
    const make = () => [new SigmaReader(sigma, options).toRule(doc)];
    collect(rules, make, (message) => fail(places.get(doc) ?? 0, doc.title, message));
  }
  const made = rules.flatMap((rule) => {
    const parsed = ruleSchema.safeParse({ ...rule, recipients: rule.recipients ?? options.recipients });
    if (parsed.success) return [parsed.data];
    const issue = parsed.error.issues[0];
    problems.push({ path: rule.name, message: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` });
    return [];
  });
  if (problems.length === 0 && made.length > 0) return made;
  const text = problems.map((p) => `${p.path}: ${p.message}`).join('; ') || 'there is no rule in it';
  throw new AppError('RULES_NOT_IMPORTED', 422, text, { problems });
}

function parseDocuments(yaml: string, fail: (index: number, title: unknown, message: string) => void): unknown[] {
  const parsed = parseAllDocuments(yaml);
  const documents = Array.isArray(parsed) ? parsed : [];
  if (documents.length > MAX_DOCUMENTS) {
    throw new AppError('RULES_NOT_IMPORTED', 422, `there are more than ${MAX_DOCUMENTS} documents`);
  }
  return documents.flatMap((doc, i) => {
    const [error] = doc.errors;
    if (error) {
      fail(i, undefined, error.message.split('\n')[0] ?? '');
      return [];
    }
    const content: unknown = doc.toJS({ maxAliasCount: 100 });
    return content === null || content === undefined ? [] : [content];
  });
}

function collect(rules: RuleInput[], make: () => RuleInput[], fail: (message: string) => void): void {
  try {
    rules.push(...make());
  } catch (error) {
    if (!(error instanceof SigmaFault)) throw error;
    fail(error.message);
  }
}

class SigmaReader {
  constructor(
    private readonly documents: readonly Document[],
    private readonly options: SigmaOptions,
  ) {}

  toRule(doc: Document): RuleInput {
    for (const part of ['filter', 'action']) {
      if (part in doc) throw new SigmaFault(`${part}: is not supported`);
    }
    return {
      id: slugOf(doc.title),
      name: doc.title.slice(0, 200),
      description: doc.description?.slice(0, 4000) ?? '',
      severity: LEVELS[doc.level ?? 'medium'] ?? 'medium',
      triggers: [doc.correlation ? this.correlated(doc.correlation) : this.detected(doc)],
      recipients: this.options.recipients,
      tags: ['sigma'],
      ...(doc.id !== undefined && { source: `sigma:${doc.id}` }),
    };
  }

  private detected(doc: Document): RuleInput['triggers'][number] {
    return {
      match: matchOf(this.expressionOf(doc)),
      groupBy: ['userId', 'ipAddress'],
      condition: { kind: 'any' },
    };
  }

  private expressionOf(doc: Document): Expression {
    if (doc.detection === undefined) throw new SigmaFault('there is neither detection nor correlation');
    return readDetection(doc.detection, this.options.mapping);
  }

  private correlated(correlation: Correlation): RuleInput['triggers'][number] {
    const windowMinutes = minutesOf(correlation.timespan);
    const groupBy = correlation['group-by'].map((name) => this.groupField(name, correlation));
    const referred = correlation.rules.map((name) => this.find(name));
    switch (correlation.type) {
      case 'event_count':
      case 'value_count':
      case 'value_sum': {
        const match = matchOf(either(referred.map((doc) => this.expressionOf(plain(doc)))));
        return { match, groupBy, condition: { kind: 'threshold', windowMinutes, ...this.threshold(correlation) } };
      }
      case 'temporal':
      case 'temporal_ordered': {
        if (referred.length < 2)
          throw new SigmaFault(`correlation.rules: ${correlation.type} needs two rules at least`);
        if (correlation.condition) this.requireAll(correlation.condition, referred.length);
        const steps = referred.map((doc) => this.step(doc, windowMinutes));
        const ordered = correlation.type === 'temporal_ordered';
        return { match: {}, groupBy, condition: { kind: 'sequence', windowMinutes, ordered, steps } };
      }
      default:
        throw new SigmaFault(`correlation.type: ${correlation.type} is not supported`);
    }
  }

  private threshold({ type, condition = {} }: Correlation): Omit<Threshold, 'kind' | 'windowMinutes'> {
    const count = atLeast(condition);
    if (type === 'event_count') return { count };
    const given = condition.field;
    if (typeof given !== 'string') throw new SigmaFault(`correlation.condition.field: is needed by ${type}`);
    const field = mapField(given, this.options.mapping, 'correlation.condition.field');
    if (type === 'value_count') return { distinct: { field, atLeast: count } };
    if (field !== 'amount' && field !== 'recordCount') {
      throw new SigmaFault(`correlation.condition.field: only amount and recordCount can be added up, not ${field}`);
    }
    return { sum: { field, atLeast: count } };
  }

  /** A step of a sequence: a detection rule, or a count of one within the same time. */
  private step(doc: Document, windowMinutes: number): { match: Match; count: number } {
    const { correlation } = doc;
    if (!correlation) return { match: matchOf(this.expressionOf(doc)), count: 1 };
    if (correlation.type !== 'event_count') {
      throw new SigmaFault(
        `correlation.rules: ${doc.title} is of type ${correlation.type}; only event_count can be a step`,
      );
    }
    if (minutesOf(correlation.timespan) < windowMinutes) {
      throw new SigmaFault(`correlation.rules: the timespan of ${doc.title} is shorter than that of the sequence`);
    }
    const parts = correlation.rules.map((name) => this.expressionOf(plain(this.find(name))));
    return { match: matchOf(either(parts)), count: atLeast(correlation.condition ?? {}) };
  }

  private requireAll(condition: Record<string, unknown>, rules: number): void {
    if (atLeast(condition) !== rules) {
      throw new SigmaFault('correlation.condition: a sequence holds when all its rules do; leave it out');
    }
  }

  private groupField(name: string, { aliases, rules }: Correlation): string {
    const alias = aliases[name];
    if (!alias) return mapField(name, this.options.mapping, 'correlation.group-by');
    const fields = rules.map((rule) =>
      mapField(alias[rule] ?? name, this.options.mapping, `correlation.aliases.${name}`),
    );
    const [first] = fields;
    if (first === undefined || fields.some((field) => field !== first)) {
      throw new SigmaFault(`correlation.aliases.${name}: stands for different fields, which is not supported`);
    }
    return first;
  }

  private find(name: string): Document {
    const found = this.documents.find((doc) => doc.id === name || doc.name === name);
    if (!found) throw new SigmaFault(`correlation.rules: ${name} is not among the documents`);
    return found;
  }
}

function plain(doc: Document): Document {
  if (doc.correlation)
    throw new SigmaFault(`correlation.rules: ${doc.title} is a correlation itself, which cannot be counted`);
  return doc;
}

/** The smallest number that satisfies a condition of `gt` or `gte`. */
function atLeast(condition: Record<string, unknown>): number {
  const [name, ...more] = Object.keys(condition).filter((key) => key !== 'field');
  const value = condition[name ?? ''];
  if ((name !== 'gte' && name !== 'gt') || more.length > 0 || typeof value !== 'number') {
    throw new SigmaFault('correlation.condition: only one of gte and gt is supported, with a number');
  }
  return name === 'gt' ? Math.floor(value) + 1 : value;
}

function minutesOf(timespan: string): number {
  const [, number, unit] = /^(\d+)([smhd])$/.exec(timespan) ?? [];
  const seconds = { s: 1, m: 60, h: 3600, d: 86_400 }[unit ?? ''];
  if (seconds === undefined)
    throw new SigmaFault(`correlation.timespan: must be such as 30s, 15m, 1h or 1d, not ${timespan}`);
  return (Number(number) * seconds) / 60;
}

/** The match of an expression; what it says of event types stands apart, since events are read by type. */
export function matchOf(expression: Expression): Match {
  const parts = 'all' in expression ? expression.all : [expression];
  const types = parts.find((part) => 'field' in part && part.field === 'eventType' && part.op === 'eq');
  if (!types || !('field' in types)) return { where: expression };
  const rest = parts.filter((part) => part !== types);
  const eventTypes = [types.value ?? ''].flat().map((name) => String(name).toUpperCase());
  return { eventTypes, ...(rest.length > 0 && { where: both(rest) }) };
}

/** An id made of a title. */
function slugOf(title: string): string {
  const slug = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64)
    .replace(/-+$/, '');
  if (slug === '') throw new SigmaFault('title: has neither letters a to z nor digits, of which the id is made');
  return slug;
}
