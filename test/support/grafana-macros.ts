/** What Grafana and its ClickHouse plugin make of a query before ClickHouse gets it, by their documentation. */
export interface Surroundings {
  from: Date;
  to: Date;
  /** Of the panel: the time range by its width, at least the panel's own. */
  intervalMs: number;
  /** Values of variables; `$__all` stands for "All". */
  variables: Record<string, string | readonly string[]>;
}

const ALL = '$__all';

/** Whole seconds, as a DateTime; milliseconds, as a DateTime64. */
const seconds = (time: Date): string => `toDateTime(${Math.floor(time.getTime() / 1000)})`;
const millis = (time: Date): string => `fromUnixTimestamp64Milli(${time.getTime()})`;
const day = (time: Date): string => `toDate('${time.toISOString().slice(0, 10)}')`;

type Macro = (args: string[], around: Surroundings) => string;

const between = (of: (time: Date) => string): Macro => {
  return ([column], { from, to }) => `${column} >= ${of(from)} AND ${column} <= ${of(to)}`;
};

const MACROS: Record<string, Macro> = {
  fromTime: (_, { from }) => seconds(from),
  toTime: (_, { to }) => seconds(to),
  fromTime_ms: (_, { from }) => millis(from),
  toTime_ms: (_, { to }) => millis(to),
  timeFilter: between(seconds),
  timeFilter_ms: between(millis),
  dateFilter: between(day),
  dateTimeFilter: ([date, time], around) =>
    `(${between(day)([date ?? ''], around)}) AND (${between(seconds)([time ?? ''], around)})`,
  timeInterval: ([column], { intervalMs }) =>
    `toStartOfInterval(toDateTime(${column}), INTERVAL ${Math.max(1, Math.floor(intervalMs / 1000))} second)`,
  timeInterval_ms: ([column], { intervalMs }) =>
    `toStartOfInterval(toDateTime64(${column}, 3), INTERVAL ${Math.max(1, intervalMs)} millisecond)`,
  interval_s: (_, { intervalMs }) => String(Math.max(1, Math.floor(intervalMs / 1000))),
};
const TAKES: Record<string, number> = {
  timeFilter: 1,
  timeFilter_ms: 1,
  dateFilter: 1,
  dateTimeFilter: 2,
  timeInterval: 1,
  timeInterval_ms: 1,
};

/**
 * In this order: the conditions that "All" takes away, then variables, then macros.
 * @throws for a macro or variable that nobody knows, and for a wrong number of arguments
 */
export function expand(sql: string, around: Surroundings): string {
  return expandMacros(interpolate(applyConditionalAll(sql, around), around), around);
}

function applyConditionalAll(sql: string, { variables }: Surroundings): string {
  const start = sql.indexOf('$__conditionalAll(');
  if (start < 0) return sql;
  const { args, end } = readArguments(sql, start + '$__conditionalAll'.length);
  const [condition, variable] = args;
  if (args.length !== 2 || !condition || !variable?.startsWith('$'))
    throw new Error(`$__conditionalAll(${args.join()})`);
  const value = valueOf(variable.replace(/[${}]/g, ''), variables);
  const kept = value.includes(ALL) || value.join('') === '' ? '1=1' : condition;
  return applyConditionalAll(sql.slice(0, start) + kept + sql.slice(end), { variables } as Surroundings);
}

function interpolate(sql: string, { variables }: Surroundings): string {
  return sql.replace(/\$\{(\w+)(?::(\w+))?\}|\$(?!__)(\w+)/g, (_, braced?: string, format?: string, plain?: string) => {
    const value = valueOf(braced ?? plain ?? '', variables);
    if (value.includes(ALL)) throw new Error(`${braced ?? plain}: "All" outside of $__conditionalAll`);
    if (format === 'singlequote') return value.map((text) => `'${text.replaceAll("'", "\\'")}'`).join(',');
    if (format !== undefined) throw new Error(`unknown format ${format}`);
    return value.join(',');
  });
}

function expandMacros(sql: string, around: Surroundings): string {
  const found = /\$__(\w+)/.exec(sql);
  if (!found) return sql;
  const [text, name = ''] = found;
  const macro = MACROS[name];
  if (!macro) throw new Error(`unknown macro ${text}`);
  const after = found.index + text.length;
  const { args, end } = TAKES[name] === undefined ? { args: [], end: after } : readArguments(sql, after);
  if (args.length !== (TAKES[name] ?? 0)) throw new Error(`${text} takes ${TAKES[name]} arguments`);
  return expandMacros(sql.slice(0, found.index) + macro(args, around) + sql.slice(end), around);
}

/** Arguments between parentheses, split at commas that are in none of their own. */
function readArguments(sql: string, open: number): { args: string[]; end: number } {
  if (sql[open] !== '(') throw new Error(`( expected at ${sql.slice(open, open + 20)}`);
  const args = [''];
  let depth = 1;
  for (let i = open + 1; i < sql.length; i++) {
    const char = sql[i] ?? '';
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (depth === 0) return { args: args.map((arg) => arg.trim()), end: i + 1 };
    if (char === ',' && depth === 1) args.push('');
    else args[args.length - 1] += char;
  }
  throw new Error(`no ) for ${sql.slice(open, open + 40)}`);
}

function valueOf(name: string, variables: Surroundings['variables']): readonly string[] {
  const value = variables[name];
  if (value === undefined) throw new Error(`unknown variable ${name}`);
  return typeof value === 'string' ? [value] : value;
}
