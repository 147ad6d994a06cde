import type { ImportedEvent } from './parser';
import { SshdParser, surveyFirstYear } from './sshd';

const REFERENCE = Date.parse('2026-03-01T00:00:00Z');
const FAILED = 'Failed password for root from 203.0.113.5 port 4242 ssh2';

function parse(lines: string[], options: { year?: number; zone?: string } = {}): ImportedEvent[] {
  const parser = new SshdParser({
    year: options.year,
    reference: REFERENCE,
    zone: options.zone ?? 'UTC',
    service: 'sshd',
  });
  return lines.flatMap((line) => {
    const parsed = parser.parse(Buffer.from(line));
    return parsed.kind === 'events' ? parsed.events : [];
  });
}
const at = (time: string, message = FAILED) => `${time} gate sshd[42]: ${message}`;
const times = (events: ImportedEvent[]) => events.map((e) => e.occurredAt);
const survey = (lines: string[]) =>
  surveyFirstYear(
    // eslint-disable-next-line @typescript-eslint/require-await
    (async function* () {
      yield lines.map((line) => ({ bytes: Buffer.from(line) }));
    })(),
    REFERENCE,
    'UTC',
  );

describe('SshdParser', () => {
  it('reads times in the given zone and year', () => {
    const events = parse([at('Dec 10 06:55:46'), at('Dec  1 06:55:46')], { year: 2015, zone: 'America/Sao_Paulo' });
    expect(times(events)).toEqual(['2015-12-10T08:55:46.000Z', '2015-12-01T08:55:46.000Z']);
  });

  it('reads RFC 3339 times as they are', () => {
    expect(times(parse([at('2024-05-01T10:00:00.250+02:00')]))).toEqual(['2024-05-01T08:00:00.250Z']);
  });

  it('takes the newest year that is not in the future', () => {
    expect(times(parse([at('Dec 10 00:00:00')]))).toEqual(['2025-12-10T00:00:00.000Z']);
    expect(times(parse([at('Feb 10 00:00:00')]))).toEqual(['2026-02-10T00:00:00.000Z']);
    expect(times(parse([at('Feb 29 00:00:00')]))).toEqual(['2024-02-29T00:00:00.000Z']);
  });

  it('turns the year between December and January, and takes a late line back', () => {
    const events = parse([at('Dec 31 23:59:59'), at('Jan  1 00:00:01'), at('Dec 31 23:59:59'), at('Jan  2 00:00:00')], {
      year: 2015,
    });
    expect(times(events).map((t) => t.slice(0, 10))).toEqual(['2015-12-31', '2016-01-01', '2015-12-31', '2016-01-02']);
  });

  it('surveys a file that spans years from its end', async () => {
    const lines = ['Nov  1', 'Dec 31', 'Jan  5', 'Aug  1', 'Jan  3'].map((day) => at(`${day} 00:00:00`));
    expect(await survey(lines)).toBe(2024);
    expect(await survey(['not a log'])).toBeUndefined();
  });

  it('derives ids from content: the same line again is another event, the same file again is not', () => {
    const lines = [at('Dec 10 06:55:46'), at('Dec 10 06:55:46'), at('Dec 10 06:55:47')];
    const ids = parse(lines, { year: 2015 }).map((e) => e.id);
    expect(new Set(ids).size).toBe(3);
    expect(parse(lines, { year: 2015 }).map((e) => e.id)).toEqual(ids);
    expect(parse(lines.slice(2), { year: 2015 }).map((e) => e.id)).toEqual(ids.slice(2));
    expect(parse([`${lines[0]}\r`.trimEnd()], { year: 2015 })[0]?.id).toBe(ids[0]);
    const ms = parseInt((ids[0] ?? '').replace('-', '').slice(0, 12), 16);
    expect(ms).toBe(Date.parse('2015-12-10T06:55:46Z'));
  });

  it('gives each repetition of a repeated message an id of its own', () => {
    const events = parse([at('Dec 10 06:55:46', `message repeated 5 times: [ ${FAILED}]`)], { year: 2015 });
    expect(new Set(events.map((e) => e.id)).size).toBe(5);
    expect(events[4]?.details).toMatchObject({ repetition: 5, repetitions: 5 });
  });

  it('rejects a day that does not exist and skips what is not of sshd', () => {
    const parser = new SshdParser({ year: 2015, reference: REFERENCE, zone: 'UTC', service: 'sshd' });
    expect(parser.parse(Buffer.from(at('Feb 30 00:00:00'))).kind).toBe('rejected');
    expect(parser.parse(Buffer.from('Dec 10 06:55:46 gate cron[1]: hi'))).toEqual({
      kind: 'skipped',
      reason: 'not of sshd',
    });
    expect(parser.parse(Buffer.from('garbage'))).toEqual({ kind: 'skipped', reason: 'not a syslog line' });
    expect(parser.parse(Buffer.from(''))).toEqual({ kind: 'skipped', reason: 'empty line' });
  });
});
