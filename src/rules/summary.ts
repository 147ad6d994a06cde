import type { Hit } from './hit';
import type { Match } from './rule';

const format = new Intl.NumberFormat('en', { maximumFractionDigits: 4 });
const number = (value: number): string => format.format(value);
const within = (minutes: number): string => `within ${number(minutes)} ${minutes === 1 ? 'minute' : 'minutes'}`;

/** What a hit says, for people; without anything personal. */
export function summaryOf({ trigger, value }: Pick<Hit, 'trigger' | 'value'>): string {
  const { condition, match } = trigger;
  const what = nameOf(match);
  switch (condition.kind) {
    case 'any':
      return what;
    case 'threshold':
      if (condition.sum)
        return `${what}: ${condition.sum.field} of ${number(value)} ${within(condition.windowMinutes)}`;
      if (condition.distinct) {
        return `${what}: ${number(value)} different ${condition.distinct.field} ${within(condition.windowMinutes)}`;
      }
      return `${what}: ${number(value)} times ${within(condition.windowMinutes)}`;
    case 'rate':
      return `${what}: more than ${number(condition.perSecond)} a second`;
    case 'new_value':
      return `${what}: new ${condition.field}`;
    case 'absence':
      return `${what}: none ${within(condition.windowMinutes)}`;
    case 'sequence': {
      const steps = condition.steps.map(({ match: part, count }) =>
        count > 1 ? `${count} × ${nameOf(part)}` : nameOf(part),
      );
      return `${steps.join(condition.ordered ? ', then ' : ' and ')} ${within(condition.windowMinutes)}`;
    }
  }
}

function nameOf(match: Match): string {
  if (match.eventTypes) return match.eventTypes.slice(0, 3).join(' or ') + (match.eventTypes.length > 3 ? ' …' : '');
  const severity = match.severities?.join(' or ') ?? (match.minSeverity ? `at least ${match.minSeverity}` : '');
  const category = match.categories?.join(' or ') ?? '';
  return [severity, category, 'event'].filter((part) => part !== '').join(' ');
}
