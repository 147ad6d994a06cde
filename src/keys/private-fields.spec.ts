import type { JsonObject, JsonValue } from '../events/canonical-json';
import { joinPaths, parsePrivateFields, splitPath, splitPaths, withoutPrivate } from './private-fields';

function taken(
  value: JsonObject,
  path: string,
  fields?: string[],
): { left: JsonObject; out: Record<string, JsonValue> } {
  const out: Record<string, JsonValue> = {};
  const left = withoutPrivate(value, path, parsePrivateFields(fields), (name, v) => (out[name] = v));
  return { left, out };
}

describe('private fields', () => {
  it('are taken from where the configuration names them, and nothing else is', () => {
    const details = { customer: { name: 'Ana', tier: 2 }, name: 'kept', list: [{ note: 'x' }] };
    const { left, out } = taken(details, 'details', ['details.customer.name', 'details.list.note']);
    expect(out).toEqual({ 'details.customer.name': 'Ana', 'details.list.0.note': 'x' });
    expect(left).toEqual({ customer: { tier: 2 }, name: 'kept', list: [{}] });
    expect(details.customer.name).toBe('Ana');
  });

  it('are taken by name at any depth with *', () => {
    const { left, out } = taken({ a: [{ email: 'a@b', n: 1 }], email: { work: 'c@d' } }, 'changes.after', ['*.email']);
    expect(out).toEqual({ 'changes.after.a.0.email': 'a@b', 'changes.after.email': { work: 'c@d' } });
    expect(left).toEqual({ a: [{ n: 1 }] });
  });

  it('have a sensible default', () => {
    const { out } = taken({ name: 'Ana', email: 'x', phone: 'y', product: { name: 'Chair' }, cpf: '1' }, 'details');
    expect(Object.keys(out).sort()).toEqual(['details.cpf', 'details.email', 'details.name', 'details.phone']);
  });

  it('cost no copy of a value that has none', () => {
    const details = { a: { b: [1, 2, { c: null }] } };
    expect(taken(details, 'details').left).toBe(details);
  });

  it('have paths that lead back, also through names with dots', () => {
    const { out } = taken({ 'a.b\\': { email: 1 } }, 'details', ['*.email']);
    const [path = ''] = Object.keys(out);
    expect(splitPath(path)).toEqual(['details', 'a.b\\', 'email']);
  });

  it('have paths that can be joined and split, whatever the names hold', () => {
    const { out } = taken({ 'a,b': { email: 1 }, 'c\\,d.': { email: 2 } }, 'details', ['*.email']);
    const paths = splitPaths(joinPaths(Object.keys(out)));
    expect(paths.map(splitPath)).toEqual([
      ['details', 'a,b', 'email'],
      ['details', 'c\\,d.', 'email'],
    ]);
  });

  it('keep a member of the name __proto__ where others are taken', () => {
    const value = JSON.parse('{"__proto__":{"a":1},"email":"x","n":1}') as JsonObject;
    expect(JSON.stringify(taken(value, 'details').left)).toBe('{"__proto__":{"a":1},"n":1}');
  });

  it('are refused by name where nothing can be sealed', () => {
    expect(() => parsePrivateFields(['description', 'details..x', 'context.userId', 'changes.name', '*.a.b'])).toThrow(
      /5 fault/,
    );
  });
});
