/// <reference lib="es2024.string" />

/** How deep objects and arrays may stand inside each other, the outermost counted. */
export const MAX_DEPTH = 32;

export interface JsonProblem {
  path: (string | number)[];
  message: string;
}

/**
 * Checks that a parsed value is a JSON object that every part of the system can carry: at most 32 levels deep, strings and
 * names free of lone surrogates, numbers finite and integers within 64 bits. Returns the first problem.
 */
export function checkJson(value: unknown): JsonProblem | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { path: [], message: 'must be an object' };
  }
  const fault = faultIn(value, 1);
  return fault && { path: fault.path.reverse(), message: fault.message };
}

/** The path of what it returns is innermost first. */
function faultIn(value: unknown, depth: number): JsonProblem | undefined {
  if (typeof value === 'string')
    return value.isWellFormed() ? undefined : fault('holds a lone surrogate, which is no character');
  if (typeof value === 'number') return faultOfNumber(value);
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > MAX_DEPTH) return fault(`is nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const inner = faultIn(value[i], depth + 1);
      if (inner) return within(inner, i);
    }
    return undefined;
  }
  for (const name of Object.keys(value)) {
    if (!name.isWellFormed()) return fault('has a member whose name holds a lone surrogate');
    const inner = faultIn((value as Record<string, unknown>)[name], depth + 1);
    if (inner) return within(inner, name);
  }
  return undefined;
}

/**
 * Canonical JSON writes numbers up to 10^21 as digits, and readers with 64-bit integers, ClickHouse's among them, refuse the
 * whole document for one that does not fit.
 */
function faultOfNumber(value: number): JsonProblem | undefined {
  if (!Number.isFinite(value)) return fault('is a number too large to keep');
  const size = Math.abs(value);
  return size >= 2 ** 63 && size < 1e21 ? fault('is an integer beyond 64 bits; send it as text') : undefined;
}

const fault = (message: string): JsonProblem => ({ path: [], message });

function within(inner: JsonProblem, step: string | number): JsonProblem {
  inner.path.push(step);
  return inner;
}
