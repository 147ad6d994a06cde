import { AppError } from '../common/app-error';
import { parseEvents } from './parse-events';

function parse(body: string | Buffer, ndjson = false, max = 10): unknown[] {
  const items = parseEvents(Buffer.from(body), ndjson, max);
  return Array.from({ length: items.count }, (_, i) => {
    const line = items.lineOf(i);
    return { ...items.at(i), ...(line !== undefined && { line }) };
  });
}

function refusal(body: string | Buffer, ndjson = false, max = 10): [number, string] {
  try {
    parse(body, ndjson, max);
  } catch (error) {
    if (error instanceof AppError) return [error.status, error.code];
    throw error;
  }
  throw new Error('was accepted');
}

describe('parseEvents of JSON', () => {
  it('takes an object as one item and an array as many', () => {
    expect(parse('{"a":1}')).toEqual([{ value: { a: 1 } }]);
    expect(parse('\ufeff[1,{}]')).toEqual([{ value: 1 }, { value: {} }]);
  });

  it('refuses the body as a whole when it is broken', () => {
    expect(refusal('[{"a":1},')).toEqual([400, 'BODY_INVALID']);
    expect(refusal(Buffer.from([0x22, 0xff, 0x22]))).toEqual([400, 'BODY_INVALID']);
  });

  it.each(['', '  \n', '[]'])('refuses a body without events (%j)', (body) => {
    expect(refusal(body)).toEqual([422, 'NO_EVENTS']);
  });

  it('refuses more items than allowed', () => {
    expect(refusal('[1,2,3]', false, 2)).toEqual([413, 'TOO_MANY_EVENTS']);
    expect(refusal('1\n2\n3', true, 2)).toEqual([413, 'TOO_MANY_EVENTS']);
  });

  it('survives nesting that would exhaust a stack', () => {
    expect(parse('['.repeat(1_000_000) + ']'.repeat(1_000_000))).toHaveLength(1);
  });
});

describe('parseEvents of NDJSON', () => {
  it('takes a line as an item, skipping empty ones, whatever the line breaks', () => {
    expect(parse('\ufeff{"a":1}\r\n\n  \n2', true)).toEqual([
      { value: { a: 1 }, line: 1 },
      { value: 2, line: 4 },
    ]);
  });

  it('makes of a bad line a fault that names it, and keeps the others', () => {
    const body = Buffer.concat([Buffer.from('{"a":\n{"ä":1}\n"'), Buffer.from([0xff]), Buffer.from('"\n')]);
    expect(parse(body, true)).toEqual([
      { fault: 'is not JSON', line: 1 },
      { value: { ä: 1 }, line: 2 },
      { fault: 'is not UTF-8', line: 3 },
    ]);
  });

  it('says of a last line without a line break that it may have been cut', () => {
    expect(parse('{}\n{"a":', true)[1]).toMatchObject({ line: 2, fault: expect.stringContaining('cut') as string });
  });

  it('refuses a body without lines', () => {
    expect(refusal('\n\n', true)).toEqual([422, 'NO_EVENTS']);
  });
});
