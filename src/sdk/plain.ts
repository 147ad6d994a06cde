/// <reference lib="es2024.string" />
import { REDACTED, Redactor } from './redact';

export interface PlainLimits {
  /** Longest text, in UTF-16 units. */
  text: number;
  /** Values in all. */
  nodes: number;
}

export const USUAL_LIMITS: PlainLimits = { text: 16_384, nodes: 5000 };
export const TIGHT_LIMITS: PlainLimits = { text: 256, nodes: 200 };

/** The schema allows 32 levels; what stands in `changes.before` begins below the top. */
const MAX_DEPTH = 24;

/**
 * Copies any value into what JSON and the schema of the API can carry: secrets redacted, cycles cut, dates and errors as
 * text, at most 24 levels deep. Never throws: getters that do are named instead.
 * @param redactor undefined redacts nothing
 */
export function plainCopy(value: unknown, redactor: Redactor | undefined, limits: PlainLimits = USUAL_LIMITS): unknown {
  return new Copier(redactor, limits).copy(value, 1);
}

/** The same for something that has to be an object; anything else stands in a member `value`. */
export function plainObject(
  value: unknown,
  redactor: Redactor | undefined,
  limits: PlainLimits = USUAL_LIMITS,
): Record<string, unknown> {
  const copy = plainCopy(value, redactor, limits);
  return typeof copy === 'object' && copy !== null && !Array.isArray(copy)
    ? (copy as Record<string, unknown>)
    : { value: copy };
}

class Copier {
  private nodes = 0;
  private readonly open: object[] = [];

  constructor(
    private readonly redactor: Redactor | undefined,
    private readonly limits: PlainLimits,
  ) {}

  copy(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        return plainNumber(value);
      case 'boolean':
        return value;
      case 'bigint':
        return value.toString();
      case 'undefined':
      case 'function':
      case 'symbol':
        return undefined;
      case 'object':
        return value === null ? null : this.object(value, depth);
    }
  }

  private text(text: string): string {
    const whole = text.length <= this.limits.text;
    const cut = whole ? text : `${text.slice(0, this.limits.text)}… (${text.length} characters)`;
    const formed = cut.isWellFormed() ? cut : cut.toWellFormed();
    return this.redactor ? this.redactor.text(formed) : formed;
  }

  private object(value: object, depth: number): unknown {
    const plain = isPlain(value);
    const special = plain ? undefined : this.special(value);
    if (special !== undefined) return special;
    if (depth > MAX_DEPTH) return '[too deep]';
    if (this.open.includes(value)) return '[circular]';
    this.open.push(value);
    try {
      return plain ? this.record(value, depth) : this.members(value, depth);
    } catch {
      return '[unreadable]';
    } finally {
      this.open.pop();
    }
  }

  /** What some kinds of objects are told as; undefined for all others. */
  private special(value: object): unknown {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (value instanceof RegExp || value instanceof URL) return this.text(value.toString());
    if (value instanceof Promise) return '[promise]';
    return undefined;
  }

  private members(value: object, depth: number): unknown {
    if (Array.isArray(value)) return this.items(value, depth);
    if (value instanceof Set) return this.items([...value], depth);
    if (value instanceof Map)
      return this.entries(
        [...value].map(([k, v]) => [String(k), v]),
        depth,
      );
    if (value instanceof Error) return this.error(value, depth);
    return this.record(value, depth);
  }

  private record(value: object, depth: number): unknown {
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') {
      const told: unknown = toJSON.call(value, '');
      return told === value ? '[circular]' : this.copy(told, depth + 1);
    }
    const copy: Record<string, unknown> = {};
    for (const name of Object.keys(value)) this.put(copy, name, (value as Record<string, unknown>)[name], depth);
    return copy;
  }

  private items(items: readonly unknown[], depth: number): unknown[] {
    const copy: unknown[] = [];
    for (const item of items) {
      if (++this.nodes > this.limits.nodes) {
        copy.push(`… (${items.length} items)`);
        break;
      }
      copy.push(this.copy(item, depth + 1) ?? null);
    }
    return copy;
  }

  private entries(entries: [string, unknown][], depth: number): Record<string, unknown> {
    const copy: Record<string, unknown> = {};
    for (const [name, value] of entries) this.put(copy, name, value, depth);
    return copy;
  }

  private error(error: Error, depth: number): Record<string, unknown> {
    const { code } = error as { code?: unknown };
    const copy: Record<string, unknown> = { name: error.name, message: this.text(error.message) };
    if (typeof code === 'string' || typeof code === 'number') copy.code = code;
    if (error.cause !== undefined) copy.cause = this.copy(error.cause, depth + 1);
    return copy;
  }

  private put(copy: Record<string, unknown>, name: string, value: unknown, depth: number): void {
    if (++this.nodes > this.limits.nodes || value === undefined) return;
    const key = name.isWellFormed() ? name : name.toWellFormed();
    const told = this.redactor?.hides(name) && value !== null ? REDACTED : this.copy(value, depth + 1);
    if (told === undefined) return;
    if (key === '__proto__') Object.defineProperty(copy, key, { value: told, enumerable: true, writable: true });
    else copy[key] = told;
  }
}

/** Whether it is of no class, which spares asking for each of those that are told in their own way. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Numbers that JSON or 64-bit readers cannot hold become text. */
function plainNumber(value: number): number | string {
  const size = Math.abs(value);
  return Number.isFinite(value) && (size < 2 ** 63 || size >= 1e21) ? value : String(value);
}
