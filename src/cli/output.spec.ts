import { AppError } from '../common/app-error';
import { countAdded } from './event-count';
import { readEventStream } from './event-stream';
import { filterQuery } from './filters';
import { explain, table } from './output';
import { Progress, renderProgress } from './progress';
import { masked } from './system';

describe('what the command line shows', () => {
  it('explains an error in one line and one more for each field', () => {
    const error = new AppError('BAD', 422, 'the key was refused', {
      problems: [{ path: 'name', message: 'is too long' }],
    });
    expect(explain(error)).toBe('mcp-audit: the key was refused\n  name: is too long');
  });

  it('aligns tables and lets no event steer the terminal', () => {
    expect(table(['A', 'B'], [['long', 'x\u001b[2Jy']])).toBe('A     B\nlong  x?[2Jy');
  });

  it('masks secrets', () => {
    expect(masked('AUDIT_REDIS_URL', 'redis://app:hunter2@db:6379')).toBe('redis://app:********@db:6379');
    expect(masked('AUDIT_ROOT_KEY', 'abc')).toBe('********');
    expect(masked('AUDIT_PORT', '3000')).toBe('3000');
  });

  it('turns options into the query of the API', () => {
    const query = filterQuery({
      type: ['LOGIN_FAILED', 'LOGOUT'],
      minSeverity: 'high',
      address: ['10.0.0.0/8'],
      limit: '5',
    });
    expect(query.toString()).toBe('eventType=LOGIN_FAILED&eventType=LOGOUT&minSeverity=high&ipAddress=10.0.0.0%2F8');
  });

  it('draws progress on a terminal often, and elsewhere as a line every few seconds', () => {
    expect(renderProgress({ done: 1, total: 2, text: 't' })).toBe('[############............]  50 %  t');
    for (const [isTTY, expected] of [
      [true, 3],
      [false, 1],
    ] as const) {
      let now = 1_000_000;
      const written: string[] = [];
      const out = { isTTY, write: (text: string) => written.push(text) > 0 };
      const progress = new Progress(out, () => now);
      for (const at of [0, 50, 200, 6000]) {
        now = 1_000_000 + at;
        progress.update(() => ({ done: 1, total: 2, text: 't' }));
      }
      expect(written).toHaveLength(expected);
    }
  });
});

describe('readEventStream', () => {
  // eslint-disable-next-line @typescript-eslint/require-await
  async function* chunks(...parts: string[]) {
    for (const part of parts) yield Buffer.from(part);
  }

  it('joins messages over chunks and passes over heartbeats', async () => {
    const messages = [];
    for await (const m of readEventStream(
      chunks(': hi\n\nid: 7\nda', 'ta: {"a"', ':1}\n\n', 'event: x\ndata: 1\ndata: 2\n\n'),
    )) {
      messages.push(m);
    }
    expect(messages).toEqual([
      { id: '7', event: 'message', data: '{"a":1}' },
      { id: undefined, event: 'x', data: '1\n2' },
    ]);
  });
});

describe('countAdded', () => {
  function run(counts: (number | undefined)[], waiting: number[] = []) {
    let now = 0;
    const next = <T>(list: T[]) => (list.length > 1 ? list.shift() : list[0]);
    const system = { count: () => Promise.resolve(next(counts)), waiting: () => Promise.resolve(next(waiting) ?? 0) };
    const clock = { now: () => now, sleep: (ms: number) => Promise.resolve((now += ms)) };
    return countAdded(system, 10, 5, clock);
  }

  it('ends as soon as all are there', async () => {
    expect(await run([10, 12, 15])).toBe(5);
  });

  it('waits while something is on its way, and then takes the others for known', async () => {
    expect(await run([10, 10, 10, 10, 13], [1, 1, 1, 1, 0])).toBe(3);
    expect(await run([10])).toBe(0);
  });

  it('does not claim to know when it may not read or the system does not come to rest', async () => {
    expect(await run([undefined])).toBeUndefined();
    expect(await run([10], [1])).toBeUndefined();
  });
});
