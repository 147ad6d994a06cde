import type { EventSender } from '../event-sender';
import type { ImportReport } from './import-report';
import type { Line } from './lines';
import type { LineParser } from './parser';

/** Feeds every line through the parser to the sender (none in a dry run), counting all in the report. */
export async function importEvents(
  blocks: AsyncIterable<Line[]>,
  parser: LineParser,
  sender: EventSender<number> | undefined,
  report: ImportReport,
  onBlock: () => void,
): Promise<void> {
  for await (const block of blocks) {
    for (const line of block) {
      report.linesRead += 1;
      if (line.bytes === undefined) {
        report.reject(line.number, [{ path: '', message: 'the line is longer than 1 MB' }]);
        continue;
      }
      const parsed = parser.parse(line.bytes);
      if (parsed.kind === 'skipped') report.skip(parsed.reason);
      else if (parsed.kind === 'rejected') report.reject(line.number, parsed.problems);
      else {
        for (const event of parsed.events) {
          report.event(event.eventType, event.occurredAt);
          await sender?.add(event, line.number);
        }
      }
    }
    onBlock();
  }
  await sender?.finish();
}
