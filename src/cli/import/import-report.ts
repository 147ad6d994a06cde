import type { FieldProblem } from '../../common/app-error';

/** Rejected lines that are reported one by one; the rest is counted. */
const MAX_LISTED = 1000;

/** What an import did. */
export class ImportReport {
  linesRead = 0;
  events = 0;
  readonly eventsByType: Record<string, number> = {};
  linesSkipped = 0;
  readonly skippedByReason: Record<string, number> = {};
  linesRejected = 0;
  readonly rejected: { line: number; problems: FieldProblem[] }[] = [];
  accepted: number | undefined;
  /** How many of the accepted were new; undefined when it could not be found out. */
  added: number | undefined;
  /** What evaluating alert rules over the imported events did; undefined if that was not asked for. */
  evaluated: { events: number; opened: number; raised: number } | undefined;
  readonly notes: string[] = [];
  private first = Number.POSITIVE_INFINITY;
  private last = Number.NEGATIVE_INFINITY;

  event(type: string, occurredAt?: string): void {
    this.events += 1;
    const time = Date.parse(occurredAt ?? '');
    if (time < this.first) this.first = time;
    if (time > this.last) this.last = time;
    this.eventsByType[type] = (this.eventsByType[type] ?? 0) + 1;
  }

  /** From the first event to just after the last; undefined if none had a time. */
  get span(): { from: string; to: string } | undefined {
    if (this.first > this.last) return undefined;
    return { from: new Date(this.first).toISOString(), to: new Date(this.last + 1).toISOString() };
  }

  skip(reason: string): void {
    this.linesSkipped += 1;
    this.skippedByReason[reason] = (this.skippedByReason[reason] ?? 0) + 1;
  }

  reject(line: number, problems: FieldProblem[]): void {
    this.linesRejected += 1;
    if (this.rejected.length < MAX_LISTED) this.rejected.push({ line, problems });
  }

  toJSON() {
    const { linesRead, events, eventsByType, linesSkipped, skippedByReason, linesRejected, rejected, notes } = this;
    const { accepted, added, evaluated } = this;
    const alreadyKnown = accepted !== undefined && added !== undefined ? accepted - added : undefined;
    return {
      linesRead,
      events,
      eventsByType,
      accepted,
      added,
      alreadyKnown,
      evaluated,
      linesSkipped,
      skippedByReason,
      linesRejected,
      rejected,
      notes,
    };
  }

  toString(): string {
    const facts = this.toJSON();
    const lines = [`lines read      ${facts.linesRead}`, `events made     ${facts.events}`];
    for (const [type, count] of sorted(facts.eventsByType)) lines.push(`  ${String(count).padStart(8)}  ${type}`);
    if (facts.accepted !== undefined) {
      lines.push(`accepted        ${facts.accepted}`);
      if (facts.added === undefined)
        lines.push('  repeats of stored events among them are dropped when they are written');
      else
        lines.push(
          `  ${String(facts.added).padStart(8)}  new`,
          `  ${String(facts.alreadyKnown).padStart(8)}  already known`,
        );
    }
    if (facts.evaluated) {
      const { opened, raised } = facts.evaluated;
      lines.push(`alerts opened   ${opened}`, ...(raised > 0 ? [`alerts raised   ${raised}`] : []));
    }
    lines.push(`lines skipped   ${facts.linesSkipped}`);
    for (const [reason, count] of sorted(facts.skippedByReason))
      lines.push(`  ${String(count).padStart(8)}  ${reason}`);
    lines.push(`lines rejected  ${facts.linesRejected}`);
    for (const { line, problems } of facts.rejected.slice(0, 20)) {
      lines.push(`  line ${line}: ${problems.map((p) => `${p.path}${p.path ? ' ' : ''}${p.message}`).join('; ')}`);
    }
    if (facts.linesRejected > 20)
      lines.push(`  … and ${facts.linesRejected - 20} more; --json lists up to ${MAX_LISTED}`);
    return [...lines, ...facts.notes.map((note) => `note: ${note}`)].join('\n');
  }
}

function sorted(counts: Record<string, number>): [string, number][] {
  return Object.entries(counts).sort(([a, x], [b, y]) => y - x || a.localeCompare(b));
}
