type Members = Record<string, unknown>;

/**
 * Only what differs between two plain objects, on both sides; what is the same is left out, at any depth. Lists are told
 * whole. A side that is absent stays absent, and the other is told whole. Undefined if nothing differs.
 */
export function minimalDiff(
  before: Members | undefined,
  after: Members | undefined,
): { before?: Members; after?: Members } | undefined {
  if (!before || !after) {
    if (!before && !after) return undefined;
    return { ...(before && { before }), ...(after && { after }) };
  }
  const was: Members = {};
  const is: Members = {};
  for (const name of Object.keys(before)) compare(name, before, after, was, is);
  for (const name of Object.keys(after)) if (!Object.hasOwn(before, name)) compare(name, before, after, was, is);
  return isEmpty(was) && isEmpty(is) ? undefined : { before: was, after: is };
}

function compare(name: string, before: Members, after: Members, was: Members, is: Members): void {
  const [a, b] = [before[name], after[name]];
  if (isMembers(a) && isMembers(b)) {
    const inner = minimalDiff(a, b);
    if (!inner) return;
    if (inner.before && !isEmpty(inner.before)) was[name] = inner.before;
    if (inner.after && !isEmpty(inner.after)) is[name] = inner.after;
    return;
  }
  if (same(a, b)) return;
  if (a !== undefined) was[name] = a;
  if (b !== undefined) is[name] = b;
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [x, y] = [a as Members, b as Members];
  const names = Object.keys(x);
  return names.length === Object.keys(y).length && names.every((name) => name in y && same(x[name], y[name]));
}

function isEmpty(members: Members): boolean {
  for (const _ in members) return false;
  return true;
}

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
