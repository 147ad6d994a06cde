import { isMap, SigmaFault } from './sigma-fault';
import type { FieldMapping } from './sigma-fields';
import { mapField } from './sigma-fields';
import type { Comparison, Expression } from './rule';
import type { Operator } from './fields';

/** What `detection` of a Sigma rule says, as one expression. @throws SigmaFault */
export function readDetection(detection: unknown, mapping: FieldMapping): Expression {
  if (!isMap(detection)) throw new SigmaFault('detection: must be a map');
  const { condition, timeframe, ...searches } = detection;
  if (timeframe !== undefined) throw new SigmaFault('detection.timeframe: is not supported; use a correlation rule');
  const conditions = Array.isArray(condition) ? condition : [condition];
  if (!conditions.every((one) => typeof one === 'string')) throw new SigmaFault('detection.condition: must be text');
  const expressions = new Map(
    Object.entries(searches).map(([name, search]) => [name, readSearch(search, `detection.${name}`, mapping)]),
  );
  const parts = conditions.map((text) => new ConditionReader(text, expressions).read());
  return either(parts);
}

function readSearch(search: unknown, path: string, mapping: FieldMapping): Expression {
  if (isMap(search)) {
    return both(Object.entries(search).map(([key, value]) => readItem(key, value, `${path}.${key}`, mapping)));
  }
  const list: unknown[] = Array.isArray(search) ? search : [search];
  if (list.length === 0) throw new SigmaFault(`${path}: is empty`);
  return either(
    list.map((item) =>
      isMap(item) ? readSearch(item, path, mapping) : readItem('description|contains', item, path, mapping),
    ),
  );
}

const OPERATORS: Record<string, Operator> = {
  contains: 'contains',
  startswith: 'starts_with',
  endswith: 'ends_with',
  re: 'matches',
  cidr: 'cidr',
  gt: 'gt',
  gte: 'gte',
  lt: 'lt',
  lte: 'lte',
  exists: 'exists',
  neq: 'ne',
};

/** One `field|modifier: value`. */
function readItem(key: string, given: unknown, path: string, mapping: FieldMapping): Expression {
  const [name = '', ...modifiers] = key.split('|');
  const field = mapField(name, mapping, path);
  const all = modifiers.includes('all');
  const others = modifiers.filter((modifier) => modifier !== 'all');
  const unknown = others.find((modifier) => !(modifier in OPERATORS));
  if (unknown !== undefined) throw new SigmaFault(`${path}: the modifier ${unknown} is not supported`);
  if (others.length > 1) throw new SigmaFault(`${path}: the modifiers ${others.join(' and ')} do not go together`);
  const values: unknown[] = Array.isArray(given) ? given : [given];
  if (values.length === 0) throw new SigmaFault(`${path}: has no values`);
  const op = OPERATORS[others[0] ?? ''];
  const parts = values.map((value) => readValue(field, op, value, path));
  if (op === 'ne') return { not: either(parts) };
  return all ? both(parts) : either(parts);
}

function readValue(field: string, op: Operator | undefined, value: unknown, path: string): Expression {
  if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) {
    throw new SigmaFault(`${path}: must be text, a number, true, false, null, or a list of such`);
  }
  const scalar = value as string | number | boolean | null;
  if (op === 'exists') return { field, op, value: scalar !== false && scalar !== 'false' && scalar !== 'no' };
  if (op === 'matches' || op === 'cidr') return { field, op, value: String(scalar) };
  if (op === 'gt' || op === 'gte' || op === 'lt' || op === 'lte') return { field, op, value: Number(scalar) };
  if (typeof scalar !== 'string') {
    if (op === undefined || op === 'ne') return { field, op: 'eq', value: scalar };
    return { field, op, value: String(scalar) };
  }
  return readText(field, op === 'ne' ? undefined : op, scalar);
}

/** Text may hold the wildcards * and ?; a backslash before them takes that meaning away. */
function readText(field: string, op: Operator | undefined, text: string): Expression {
  const pieces = text.match(/\\[*?\\]|[*?]|[^*?\\]+|\\/g) ?? [];
  const plain = (part: string[]) => part.map((piece) => piece.replace(/^\\([*?\\])$/, '$1')).join('');
  const isWild = (piece: string | undefined) => piece === '*' || piece === '?';
  const first = op === 'contains' || op === 'ends_with' ? ['*', ...pieces] : pieces;
  const wild = op === 'contains' || op === 'starts_with' ? [...first, '*'] : first;
  const inner = wild.slice(wild[0] === '*' ? 1 : 0, wild.length > 1 && wild.at(-1) === '*' ? -1 : undefined);
  if (inner.length === 0 && wild.length > 0) return { field, op: 'exists', value: true };
  if (!inner.some(isWild)) {
    const opens = wild[0] === '*';
    const closes = wild.length > 1 && wild.at(-1) === '*';
    const value = plain(inner);
    if (opens && closes) return { field, op: 'contains', value };
    if (opens) return { field, op: 'ends_with', value };
    if (closes) return { field, op: 'starts_with', value };
    return { field, op: 'eq', value };
  }
  const pattern = wild.map((piece) => (piece === '*' ? '.*' : piece === '?' ? '.' : anyCase(plain([piece])))).join('');
  return { field, op: 'matches', value: `^${pattern}$` };
}

/** A pattern that matches the text in any case. */
const anyCase = (text: string): string =>
  [...text]
    .map((letter) => {
      const [lower, upper] = [letter.toLowerCase(), letter.toUpperCase()];
      return lower === upper || upper.length !== letter.length
        ? letter.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
        : `[${lower}${upper}]`;
    })
    .join('');

/** Reads `selection and not (1 of filter_* or all of them)`. */
class ConditionReader {
  private readonly tokens: string[];
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly searches: ReadonlyMap<string, Expression>,
  ) {
    if (text.includes('|')) {
      throw new SigmaFault('detection.condition: aggregation after | is not supported; use a correlation rule');
    }
    this.tokens = text.match(/[()]|[^\s()]+/g) ?? [];
  }

  read(): Expression {
    const expression = this.readEither();
    const rest = this.tokens[this.at];
    if (rest !== undefined) throw this.fault(`"${rest}" was not expected`);
    return expression;
  }

  private readEither(): Expression {
    const parts = [this.readBoth()];
    while (this.takes('or')) parts.push(this.readBoth());
    return either(parts);
  }

  private readBoth(): Expression {
    const parts = [this.readOne()];
    while (this.takes('and')) parts.push(this.readOne());
    return both(parts);
  }

  private readOne(): Expression {
    if (this.takes('not')) return { not: this.readOne() };
    if (this.takes('(')) {
      const inner = this.readEither();
      if (!this.takes(')')) throw this.fault('a ) is missing');
      return inner;
    }
    const word = this.tokens[this.at++];
    if (word === undefined) throw this.fault('it ends too early');
    if ((word === '1' || word === 'any' || word === 'all') && this.takes('of')) {
      const of = this.tokens[this.at++];
      if (of === undefined) throw this.fault('it ends too early');
      const chosen = this.matching(of);
      return word === 'all' ? both(chosen) : either(chosen);
    }
    const search = this.searches.get(word);
    if (!search) throw this.fault(`there is no search "${word}"`);
    return search;
  }

  private matching(pattern: string): Expression[] {
    // Names that begin with _ are left out of `them`.
    const wanted =
      pattern === 'them'
        ? (name: string) => !name.startsWith('_')
        : (name: string) => new RegExp(`^${pattern.replace(/[^\w*]/g, '\\$&').replaceAll('*', '.*')}$`).test(name);
    const found = [...this.searches].filter(([name]) => wanted(name)).map(([, expression]) => expression);
    if (found.length === 0) throw this.fault(`no search is called ${pattern}`);
    return found;
  }

  private takes(word: string): boolean {
    if (this.tokens[this.at]?.toLowerCase() !== word) return false;
    this.at += 1;
    return true;
  }

  private fault(message: string): SigmaFault {
    return new SigmaFault(`detection.condition: ${message} in "${this.text}"`);
  }
}

/** Parts of which all have to hold, without needless levels. */
export function both(parts: Expression[]): Expression {
  const flat = parts.flatMap((part) => ('all' in part ? part.all : [part]));
  return flat.length === 1 && flat[0] ? flat[0] : { all: flat };
}

export function either(parts: Expression[]): Expression {
  const flat = parts.flatMap((part) => ('any' in part ? part.any : [part]));
  const joined = asOneComparison(flat);
  if (joined) return joined;
  return flat.length === 1 && flat[0] ? flat[0] : { any: flat };
}

/** `a is 1 or a is 2` as `a is 1 or 2`. */
function asOneComparison(parts: Expression[]): Comparison | undefined {
  const comparisons = parts.filter((part): part is Comparison => 'field' in part);
  const [first] = comparisons;
  if (!first || parts.length < 2 || comparisons.length < parts.length || first.op === 'exists') return undefined;
  if (comparisons.some((c) => c.field !== first.field || c.op !== first.op)) return undefined;
  return { ...first, value: comparisons.flatMap((c) => c.value ?? null) };
}
