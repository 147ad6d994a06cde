/** A condition of SQL with its bound parameters. */
export interface Condition {
  sql: string;
  params: Record<string, unknown>;
}

/** Both must hold. */
export const both = (...all: Condition[]): Condition => ({
  sql: all.map(({ sql }) => `(${sql})`).join(' AND '),
  params: Object.assign({}, ...all.map(({ params }) => params)) as Record<string, unknown>,
});

/** Any of them holds; none of no conditions does. */
export const anyOf = (all: Condition[]): Condition => ({
  sql: all.length === 0 ? '0' : all.map(({ sql }) => `(${sql})`).join(' OR '),
  params: Object.assign({}, ...all.map(({ params }) => params)) as Record<string, unknown>,
});

export const not = ({ sql, params }: Condition): Condition => ({ sql: `NOT (${sql})`, params });
