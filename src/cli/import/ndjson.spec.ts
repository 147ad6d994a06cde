import { NdjsonParser } from './ndjson';

const parser = (options: Partial<ConstructorParameters<typeof NdjsonParser>[0]> = {}) =>
  new NdjsonParser({ defaultTime: undefined, service: undefined, ...options });
const LINE = '{"eventType":"DATA_READ","occurredAt":"2026-01-02T03:04:05Z","description":"d"}';
const events = (p: NdjsonParser, line: string) => {
  const parsed = p.parse(Buffer.from(line));
  if (parsed.kind !== 'events') throw new Error(JSON.stringify(parsed));
  return parsed.events;
};

describe('NdjsonParser', () => {
  it("keeps the line's own id and time", () => {
    const id = '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12';
    const line = JSON.stringify({ ...(JSON.parse(LINE) as object), id });
    expect(events(parser(), line)).toEqual([JSON.parse(line)]);
  });

  it('derives the same ids for the same lines, and another for a repetition', () => {
    const one = parser();
    const ids = [events(one, LINE), events(one, LINE)].map(([e]) => e?.id);
    const two = parser();
    expect([events(two, LINE), events(two, LINE)].map(([e]) => e?.id)).toEqual(ids);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('gives lines without a time that of the file, or rejects them', () => {
    const line = '{"eventType":"DATA_READ","description":"d"}';
    const p = parser({ defaultTime: '2026-01-01T00:00:00.000Z' });
    expect(events(p, line)[0]?.occurredAt).toBe('2026-01-01T00:00:00.000Z');
    expect(p.timesAssumed).toBe(1);
    expect(parser().parse(Buffer.from(line))).toMatchObject({ kind: 'rejected', problems: [{ path: 'occurredAt' }] });
  });

  it('fills in the service only where none is named', () => {
    const p = parser({ service: 'tms' });
    expect(events(p, LINE)[0]?.context?.service).toBe('tms');
    const named = JSON.stringify({ ...(JSON.parse(LINE) as object), context: { service: 'own', userId: 'u' } });
    expect(events(p, named)[0]?.context).toEqual({ service: 'own', userId: 'u' });
  });

  it.each([
    ['{"a":', 'not JSON'],
    ['[1]', 'one JSON object'],
    ['{"id":"7","occurredAt":"2026-01-02T03:04:05Z"}', 'must be a UUID'],
    ['{"occurredAt":"yesterday"}', 'RFC 3339'],
  ])('rejects %s', (line, message) => {
    const parsed = parser().parse(Buffer.from(line));
    expect(parsed).toMatchObject({
      kind: 'rejected',
      problems: [{ message: expect.stringContaining(message) as string }],
    });
  });

  it('rejects bytes that are not UTF-8 and skips empty lines', () => {
    expect(parser().parse(Buffer.from([0x7b, 0xff, 0x7d])).kind).toBe('rejected');
    expect(parser().parse(Buffer.from(' ')).kind).toBe('skipped');
  });
});
