import { Command } from 'commander';
import { collect } from './context';

/** Options that choose events: flag, query parameter, help. The parameters are those of `GET /audit/api/events`. */
const FILTERS: [flag: string, parameter: string, help: string][] = [
  ['--from <time>', 'from', 'events at or after this time (RFC 3339 or a date)'],
  ['--to <time>', 'to', 'events before this time'],
  ['--type <name>', 'eventType', 'event type, e.g. LOGIN_FAILED'],
  ['--category <name>', 'category', 'category, e.g. authentication'],
  ['--severity <name>', 'severity', 'info, low, medium, high or critical'],
  ['--min-severity <name>', 'minSeverity', 'this severity or a higher one'],
  ['--outcome <name>', 'outcome', 'success, failure, denied or unknown'],
  ['--user <id>', 'userId', 'who acted'],
  ['--subject <id>', 'subjectId', 'whose data it is about'],
  ['--person <id>', 'personId', 'who acted, or whose data it is about'],
  ['--session <id>', 'sessionId', 'session'],
  ['--resource-type <type>', 'resourceType', 'kind of resource'],
  ['--resource <id>', 'resourceId', 'resource'],
  ['--address <address>', 'ipAddress', 'IP address or CIDR range, e.g. 203.0.113.0/24'],
  ['--correlation <id>', 'correlationId', 'correlation id'],
  ['--service <name>', 'service', 'reporting service'],
  ['--text <text>', 'text', 'text in the description'],
];
const SINGLE = new Set(['from', 'to', 'minSeverity', 'text']);

/** Adds the filter options to a command. */
export function withFilters(command: Command): Command {
  for (const [flag, parameter, help] of FILTERS) {
    if (SINGLE.has(parameter)) command.option(flag, help);
    else command.option(flag, `${help}; may be repeated`, collect);
  }
  return command;
}

/** Adds `--reveal`, for commands that can show personal data. */
export function withReveal(command: Command): Command {
  return command.option(
    '--reveal <reason>',
    'show sealed personal data; the reason is recorded, so name no person in it',
  );
}

/** The query that the given options stand for. */
export function filterQuery(options: Record<string, unknown>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [flag, parameter] of FILTERS) {
    const value = options[optionName(flag)];
    if (typeof value === 'string') query.append(parameter, value);
    else if (Array.isArray(value)) for (const item of value) query.append(parameter, String(item));
  }
  if (typeof options['reveal'] === 'string') {
    query.set('reveal', 'true');
    query.set('reason', options['reveal']);
  }
  return query;
}

/** `--min-severity <name>` → `minSeverity`, as commander names it. */
function optionName(flag: string): string {
  const name = flag.slice(2).split(' ')[0] ?? '';
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
