/** One field that differs between two states of a record, by its path. */
export interface Change {
  path: string;
  before: unknown;
  after: unknown;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The fields that differ, in the order of their paths. What is missing on one side is undefined there. */
export function changesBetween(before: unknown, after: unknown, path = ''): Change[] {
  if (!isObject(before) || !isObject(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
  }
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .sort()
    .flatMap((key) => changesBetween(before[key], after[key], path ? `${path}.${key}` : key));
}

/** A value of JSON in one line. */
export const inOneLine = (value: unknown): string =>
  value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value);
