import { CronExpressionParser } from 'cron-parser';

/** Whether a text is a cron expression of five fields. Seconds would only be missed by the minute's tick. */
export function cronFault(expression: string): string | undefined {
  if (expression.trim().split(/\s+/).length !== 5 && !/^@(yearly|monthly|weekly|daily|hourly)$/.test(expression)) {
    return 'must have five fields: minute, hour, day of the month, month, day of the week';
  }
  try {
    CronExpressionParser.parse(expression, { tz: 'UTC' }).next();
    return undefined;
  } catch (error) {
    return `is no cron expression: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** When it is due next after `now`, ms. */
export function nextDue(cron: string, timeZone: string, now: number): number {
  return CronExpressionParser.parse(cron, { tz: timeZone, currentDate: new Date(now) })
    .next()
    .getTime();
}

/**
 * The run that is owed at `now` to a schedule in force since `since` (ms each): the latest time that has come. Earlier ones that
 * were missed too, since no worker ran, are not made up for: their periods lie further back, and can be asked for.
 */
export function dueRun(cron: string, timeZone: string, since: number, now: number): number | undefined {
  // `prev` looks strictly before the given time.
  const expression = CronExpressionParser.parse(cron, { tz: timeZone, currentDate: new Date(now + 1) });
  const latest = expression.prev().getTime();
  return latest > since && latest <= now ? latest : undefined;
}
