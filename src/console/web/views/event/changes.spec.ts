import { changesBetween, inOneLine } from './changes';

describe('the change of a record', () => {
  it('names the fields that differ, also inside', () => {
    const before = { status: 'open', owner: { name: 'a', age: 3 }, tags: [1] };
    const after = { status: 'closed', owner: { name: 'a' }, tags: [1], note: 'x' };
    expect(changesBetween(before, after)).toEqual([
      { path: 'note', before: undefined, after: 'x' },
      { path: 'owner.age', before: 3, after: undefined },
      { path: 'status', before: 'open', after: 'closed' },
    ]);
  });

  it('is the whole record where it came to be or was deleted', () => {
    expect(changesBetween(undefined, { a: 1 })).toEqual([{ path: '', before: undefined, after: { a: 1 } }]);
    expect(inOneLine({ a: 1 })).toBe('{"a":1}');
    expect(inOneLine(undefined)).toBe('–');
  });
});
