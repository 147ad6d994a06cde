import { derivedUuidV7 } from '../../events/uuid';
import { Occurrences } from './occurrences';
import { ImportedEvent, LineParser, ParsedLine, rejected, skipped } from './parser';
import { readSshdMessage, SshdMeaning } from './sshd-message';
import { classicMinute, newestYear, readSyslogHead, SyslogHead, YearTurns } from './syslog-time';

const ORIGIN = /^(\S+) (sshd(?:-session|-auth)?)(?:\[(\d+)\])?: (.*)$/s;

export interface SshdOptions {
  /** Year of the first line; undefined: the newest that puts it not after `reference`. */
  year: number | undefined;
  /** ms; what "not in the future" is measured by: when the file was last changed, or now. */
  reference: number;
  /** IANA time zone of the lines. */
  zone: string;
  service: string;
}

/**
 * Reads syslog lines of OpenSSH, in the classic form (`Dec 10 06:55:46 host sshd[1]: …`, whose year has to be told or
 * guessed) and with RFC 3339 times. Pure but for the memory of earlier lines. An event's id is derived from host, process,
 * message, time and the number among identical lines, so the same log gives the same events, in whichever file it lies.
 */
export class SshdParser implements LineParser {
  private readonly turns = new YearTurns();
  private readonly occurrences = new Occurrences();
  private firstYear: number | undefined;
  private minute: { key: string; start: number | undefined } = { key: '', start: undefined };

  constructor(private readonly options: SshdOptions) {
    this.firstYear = options.year;
  }

  /** The year that the first line was taken to be of, once there was one. */
  get assumedYear(): number | undefined {
    return this.firstYear;
  }

  parse(line: Buffer): ParsedLine {
    const text = line.toString('utf8');
    if (text.trim() === '') return skipped('empty line');
    const head = readSyslogHead(text);
    if (!head) return skipped('not a syslog line');
    // Each line moves the calendar, also one that is of another program.
    const time = this.timeOf(head);
    const origin = ORIGIN.exec(head.rest);
    if (!origin) return skipped('not of sshd');
    if (time === undefined) return rejected('', 'the line names a day or time that does not exist');
    const [, host = '', , pid, message = ''] = origin;
    const reading = readSshdMessage(message.trimEnd());
    if ('skipped' in reading) return skipped(reading.skipped);
    return { kind: 'events', events: this.events(reading, { time, host, pid, message: message.trimEnd() }) };
  }

  private timeOf(head: SyslogHead): number | undefined {
    if (head.kind === 'iso') {
      const ms = Date.parse(head.time);
      return Number.isNaN(ms) ? undefined : ms;
    }
    const { reference, zone } = this.options;
    this.firstYear ??= newestYear(head.month, head.day, reference, zone);
    const year = this.firstYear + this.turns.see(head.month);
    const key = `${year} ${head.month} ${head.day} ${head.hour} ${head.minute}`;
    // Most lines share the minute of the one before; asking the time zone is dear.
    if (this.minute.key !== key) this.minute = { key, start: classicMinute(head, year, zone) };
    const { start } = this.minute;
    // Syslog may write the leap second :60; it counts as the last second of its minute.
    return start === undefined ? undefined : start + Math.min(head.second, 59) * 1000;
  }

  private events(
    meaning: SshdMeaning,
    line: { time: number; host: string; pid: string | undefined; message: string },
  ): ImportedEvent[] {
    const content = JSON.stringify(['sshd', line.time, line.host, line.pid ?? '', line.message]);
    const occurrence = this.occurrences.next(content);
    const count = meaning.count ?? 1;
    return Array.from({ length: count }, (_, i) => ({
      id: derivedUuidV7(`${content}#${occurrence}#${i}`, line.time),
      eventType: meaning.eventType,
      occurredAt: new Date(line.time).toISOString(),
      ...(meaning.severity ? { severity: meaning.severity } : {}),
      ...(meaning.outcome ? { outcome: meaning.outcome } : {}),
      description: meaning.description,
      context: {
        ...(meaning.user ? { userId: meaning.user } : {}),
        ...(meaning.address ? { ipAddress: meaning.address } : {}),
        ...(line.pid ? { sessionId: `${line.host}/${line.pid}` } : {}),
        resourceType: 'host',
        resourceId: line.host,
        service: this.options.service,
      },
      details: {
        ...meaning.details,
        ...(line.pid ? { pid: Number(line.pid) } : {}),
        ...(count > 1 ? { repetition: i + 1, repetitions: count } : {}),
      },
    }));
  }
}

/**
 * The year of a file's first line, if its last line is of the newest year that puts it not after `reference`: a log ends
 * near the time it was last written, while its beginning may lie years back. Undefined if no line needs a year.
 */
export async function surveyFirstYear(
  blocks: AsyncIterable<{ bytes: Buffer | undefined }[]>,
  reference: number,
  zone: string,
): Promise<number | undefined> {
  const turns = new YearTurns();
  let last: { month: number; day: number; turn: number } | undefined;
  for await (const block of blocks) {
    for (const { bytes } of block) {
      // The head is ASCII and short.
      const head = bytes && readSyslogHead(bytes.toString('latin1', 0, 40));
      if (head?.kind === 'classic') last = { month: head.month, day: head.day, turn: turns.see(head.month) };
    }
  }
  return last && newestYear(last.month, last.day, reference, zone) - last.turn;
}
