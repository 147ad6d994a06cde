import { ARRAY, JsonTape, NAME, NULL, NUMBER, OBJECT, TEXT, VALUE, WIDE, WORD } from './json-tape';

/** The value at a place of a tape, made an object again. */
function valueAt(tape: JsonTape, place: number): unknown {
  const { ints, bytes } = tape;
  const behind = ints[place + 3] as number;
  switch (ints[place]) {
    case TEXT:
    case WIDE:
      return tape.text(place);
    case NUMBER:
    case WORD:
    case NULL:
      return JSON.parse(tape.text(place));
    case ARRAY: {
      const items: unknown[] = [];
      for (let at = place + VALUE; at < behind; at = ints[at + 3] as number) items.push(valueAt(tape, at));
      return items;
    }
    case OBJECT: {
      const object: Record<string, unknown> = {};
      for (let at = place + VALUE; at < behind; at = ints[at + NAME + 3] as number) {
        object[bytes.toString('utf8', ints[at], ints[at + 1])] = valueAt(tape, at + NAME);
      }
      return object;
    }
    default:
      throw new Error(`no such kind: ${ints[place]}`);
  }
}

const tape = new JsonTape();
const scan = (text: string) => {
  const bytes = Buffer.from(`"${text}`);
  tape.clear();
  return tape.scan(bytes, 1, bytes.length);
};

describe('JsonTape', () => {
  it.each([
    ...['0', '-1', '123456789012345', '0.5', '-3.25', '1e', 'true', 'false', 'null', '""', '"a"', '"ä😀"', '"\u2028"'],
    ...['[]', '{}', ' [ 1 , "x" , [ ] , { } ] ', '{"a":1,"b":{"c":[null,{"d":"e"}]}}', '\t{ "b" : 2 ,\r\n"a":[true]}'],
  ])('holds %s as JSON.parse reads it, or leaves it', (text) => {
    const place = scan(text);
    if (place >= 0) expect(valueAt(tape, place)).toEqual(JSON.parse(text));
    else expect(() => JSON.parse(text) as unknown).toThrow();
  });

  it.each([
    ...['"a\\nb"', '"\\u00e4"', '{"\\u0061":1}', '{"ä":1}'],
    ...['1.0', '1e3', '1E3', '0.10', '-0', '1234567890123456', '0.1234567890123456789', '1e400'],
  ])('leaves %s, which is not canonical, to others', (text) => {
    expect(scan(text)).toBe(-1);
  });

  it.each([
    ...[
      '',
      ' ',
      '{',
      '[',
      '{"a"',
      '{"a":',
      '{"a":1',
      '{"a":1,',
      '{"a":1,}',
      '{a:1}',
      '[1',
      '[1,',
      '[1,]',
      '[,]',
      '1 2',
      '{} {}',
    ],
    ...[
      '"',
      '"a',
      'tru',
      'nul',
      'truex',
      'nulll',
      '01',
      '-',
      '-a',
      '.5',
      '1.',
      '+1',
      '0x1',
      "'a'",
      '"\t"',
      '"\u0001"',
      'NaN',
    ],
    ...['[1}', '{"a":1]', '{"a" 1}', '{1:2}', '[1 2]', '{"a":1 "b":2}', 'undefined', '"a"b', '{"a":"b}'],
  ])('takes no %j, which is no JSON', (text) => {
    expect(scan(text)).toBe(-1);
    expect(() => JSON.parse(text) as unknown).toThrow();
  });

  it('looks at nothing beyond the end it was given', () => {
    for (const text of ['[1,2]', '{"a":"b"}', '"abc"', 'true', '12.5']) {
      const bytes = Buffer.from(text);
      for (let end = 0; end < bytes.length; end++) {
        const place = tape.scan(bytes, 0, end);
        if (place >= 0) expect(valueAt(tape, place)).toEqual(JSON.parse(text.slice(0, end)));
      }
    }
  });

  it('takes nesting as deep as details may be, and no deeper', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(scan(nested(33))).toBe(0);
    expect(scan(nested(34))).toBe(-1);
    expect(scan('{"a":'.repeat(100_000))).toBe(-1);
  });

  it('holds many values one behind the other, and forgets one that it does not take', () => {
    tape.clear();
    const many = Array.from({ length: 500 }, (_, i) => ({ i, text: `text ${i}`, list: [i, `${i}`] }));
    const places = many.map((value) => {
      const bytes = Buffer.from(JSON.stringify(value));
      expect(tape.scan(bytes, 0, bytes.length - 1)).toBe(-1);
      const place = tape.scan(bytes, 0, bytes.length);
      expect(valueAt(tape, place)).toEqual(value);
      return place;
    });
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(new Set(places).size).toBe(many.length);
  });
});
