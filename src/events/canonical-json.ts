/// <reference lib="es2024.string" />

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export interface JsonObject {
  [name: string]: JsonValue;
}

/** What must be escaped, or looked at more closely, inside a JSON string. */

const UNUSUAL = /["\\\u0000-\u001f\ud800-\udfff]/;

/**
 * JSON in the one form that RFC 8785 (JCS) allows: members sorted by UTF-16 code units, no white space, numbers as
 * ECMAScript writes them. Members that are `undefined` are left out.
 * @throws TypeError for what JSON cannot say: NaN, infinities, lone surrogates, functions, `undefined` in an array.
 */
export function canonicalize(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be written as JSON`);
      return String(Object.is(value, -0) ? 0 : value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? canonicalArray(value) : canonicalObject(value as Record<string, unknown>);
    case 'undefined':
    case 'bigint':
    case 'symbol':
    case 'function':
      throw new TypeError(`a value of type ${typeof value} cannot be written as JSON`);
  }
}

/** A string as RFC 8785 writes it. @throws TypeError for lone surrogates. */
export function canonicalString(text: string): string {
  if (!UNUSUAL.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new TypeError('a string holds a lone surrogate, which UTF-8 cannot express');
  return JSON.stringify(text);
}

function canonicalArray(items: unknown[]): string {
  let out = '[';
  for (let i = 0; i < items.length; i++) out += (i > 0 ? ',' : '') + canonicalize(items[i]);
  return out + ']';
}

function canonicalObject(object: Record<string, unknown>): string {
  const names = Object.keys(object);
  // Without a comparator, sort() compares UTF-16 code units, as the RFC asks for.
  if (names.length > 1) names.sort();
  let out = '{';
  for (const name of names) {
    const value = object[name];
    if (value === undefined) continue;
    out += (out.length > 1 ? ',' : '') + canonicalString(name) + ':' + canonicalize(value);
  }
  return out + '}';
}
