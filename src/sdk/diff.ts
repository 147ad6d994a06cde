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
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) compare(name, before, after, was, is);
  return Object.keys(was).length + Object.keys(is).length === 0 ? undefined : { before: was, after: is };
}

function compare(name: string, before: Members, after: Members, was: Members, is: Members): void {
  const [a, b] = [before[name], after[name]];
  if (isMembers(a) && isMembers(b)) {
    const inner = minimalDiff(a, b);
    if (!inner) return;
    if (Object.keys(inner.before ?? {}).length > 0) was[name] = inner.before;
    if (Object.keys(inner.after ?? {}).length > 0) is[name] = inner.after;
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

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
