import { AppError, FieldProblem } from '../common/app-error';
import type { JsonObject, JsonValue } from '../events/canonical-json';
import { NameTable } from '../events/name-table';

/** Which fields of an event are private, as a tree of names; `anywhere` holds names that are private at any depth. */
export interface PrivateFields {
  tree: FieldTree;
  anywhere: ReadonlySet<string>;
}

export interface FieldTree {
  isPrivate: boolean;
  children: Map<string, FieldTree>;
}

/** What is private unless AUDIT_PRIVATE_FIELDS says otherwise. `*.name` is a name at any depth of details and changes. */
export const DEFAULT_PRIVATE_FIELDS: readonly string[] = [
  ...['details', 'changes.before', 'changes.after'].flatMap((place) => [`${place}.name`, `${place}.address`]),
  ...['email', 'mail', 'phone', 'phoneNumber', 'mobile', 'userName', 'username'].map((name) => `*.${name}`),
  ...['firstName', 'lastName', 'fullName', 'customerName', 'postalAddress'].map((name) => `*.${name}`),
  ...['birthDate', 'dateOfBirth', 'ssn', 'cpf', 'taxId', 'passportNumber', 'iban'].map((name) => `*.${name}`),
];

/** Sealed whatever the configuration says. */
const ALWAYS = 'context.userAgent';
const CONTEXT = ['userAgent', 'ipAddress', 'sessionId', 'resourceId'];

/**
 * Reads the dotted fields of the configuration: `context.ipAddress`, `details.customer.name`, `changes.after.iban`, or
 * `*.email` for a name at any depth of details and changes.
 * @throws AppError `CONFIG_INVALID` naming every field that cannot be sealed
 */
export function parsePrivateFields(fields: readonly string[] = DEFAULT_PRIVATE_FIELDS): PrivateFields {
  const tree: FieldTree = { isPrivate: false, children: new Map() };
  const anywhere = new Set<string>();
  const problems: FieldProblem[] = [];
  for (const field of [ALWAYS, ...fields]) {
    const names = field.split('.');
    const problem = problemOf(names);
    if (problem) problems.push({ path: 'AUDIT_PRIVATE_FIELDS', message: `${field}: ${problem}` });
    else if (names[0] === '*') anywhere.add(names[1] ?? '');
    else grow(tree, names);
  }
  if (problems.length === 0) return { tree, anywhere };
  const lines = problems.map((p) => `  ${p.path}: ${p.message}`).join('\n');
  throw new AppError('CONFIG_INVALID', 500, `the configuration has ${problems.length} fault(s):\n${lines}`, {
    problems,
  });
}

/** The names of private fields, for who looks at events that are still bytes. */
export class PrivateNames {
  readonly table: NameTable;
  /** By the places in `table.names`: whether the name is private at any depth of details and changes. */
  readonly isAnywhere: readonly boolean[];

  constructor(private readonly fields: PrivateFields) {
    const names = new Set([...fields.anywhere, ...namesUnder(fields.tree)]);
    this.table = new NameTable([...names]);
    this.isAnywhere = this.table.names.map((name) => fields.anywhere.has(name));
  }

  /** What is private under a path such as `changes.before`. */
  under(...path: string[]): FieldTree | undefined {
    let node: FieldTree | undefined = this.fields.tree;
    for (const name of path) node = node?.children.get(name);
    return node;
  }
}

const namesUnder = (tree: FieldTree): string[] =>
  [...tree.children].flatMap(([name, child]) => [name, ...namesUnder(child)]);

function problemOf(names: string[]): string | undefined {
  const [first, second] = names;
  if (names.some((name) => name === '')) return 'a name is empty';
  if (first === '*') return names.length === 2 ? undefined : 'write *.name for a name at any depth';
  if (first === 'details' && second !== undefined) return undefined;
  if (first === 'changes' && (second === 'before' || second === 'after') && names.length > 2) return undefined;
  if (first === 'context' && names.length === 2 && CONTEXT.includes(second ?? '')) return undefined;
  return `can be ${CONTEXT.map((name) => `context.${name}`).join(', ')}, details.…, changes.before.…, changes.after.… or *.name`;
}

function grow(tree: FieldTree, names: string[]): void {
  let node = tree;
  for (const name of names) {
    let child = node.children.get(name);
    if (!child) {
      child = { isPrivate: false, children: new Map() };
      node.children.set(name, child);
    }
    node = child;
  }
  node.isPrivate = true;
}

/** A private value and the dotted path at which it stood. Dots, commas and backslashes inside a name have a backslash before them. */
export type Taken = (path: string, value: JsonValue) => void;

/**
 * `value` without its private members, each of which is given to `taken`; the same object if it has none. Nothing is
 * changed in place.
 * @param path where `value` stands: `details`, `changes.before` …
 */
export function withoutPrivate(value: JsonObject, path: string, fields: PrivateFields, taken: Taken): JsonObject {
  let node: FieldTree | undefined = fields.tree;
  for (const name of path.split('.')) node = node?.children.get(name);
  return pruneObject(value, path, node, fields.anywhere, taken);
}

function prune(
  value: JsonValue,
  path: string,
  node: FieldTree | undefined,
  anywhere: ReadonlySet<string>,
  taken: Taken,
): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value)) return pruneObject(value, path, node, anywhere, taken);
  let copy: JsonValue[] | undefined;
  for (const [i, item] of value.entries()) {
    const left = prune(item, `${path}.${i}`, node, anywhere, taken);
    if (left !== item) (copy ??= [...value])[i] = left;
  }
  return copy ?? value;
}

function pruneObject(
  value: JsonObject,
  path: string,
  node: FieldTree | undefined,
  anywhere: ReadonlySet<string>,
  taken: Taken,
): JsonObject {
  const names = Object.keys(value);
  let copy: JsonObject | undefined;
  for (const [i, name] of names.entries()) {
    const member = value[name];
    if (member === undefined) continue;
    const child = node?.children.get(name);
    let left: JsonValue | undefined = member;
    if (child?.isPrivate || anywhere.has(name)) {
      taken(`${path}.${escapeName(name)}`, member);
      left = undefined;
    } else if (typeof member === 'object' && member !== null) {
      left = prune(member, `${path}.${escapeName(name)}`, child, anywhere, taken);
    }
    if (left !== member) copy ??= firstMembers(value, names, i);
    if (copy && left !== undefined) define(copy, name, left);
  }
  return copy ?? value;
}

/** A copy of the first members. Deleting from a whole copy would make an object that is slow to read ever after. */
function firstMembers(value: JsonObject, names: string[], count: number): JsonObject {
  const copy: JsonObject = {};
  for (let i = 0; i < count; i++) {
    const name = names[i] as string;
    if (value[name] !== undefined) define(copy, name, value[name]);
  }
  return copy;
}

/** Also for the name `__proto__`, which an assignment would take for something else. */
function define(target: JsonObject, name: string, value: JsonValue): void {
  if (name !== '__proto__') target[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

/** What stands between names, and between paths. */
const MARKS = /[.,\\]/;

export const escapeName = (name: string): string => (MARKS.test(name) ? name.replace(/[.,\\]/g, '\\$&') : name);

/** Several paths as one text. */
export const joinPaths = (paths: string[]): string => paths.join(',');

/** The paths that `joinPaths` joined. */
export const splitPaths = (text: string): string[] => text.match(/(?:[^,\\]|\\.)+/gs) ?? [];

/** The names of a path that `withoutPrivate` gave. */
export function splitPath(path: string): string[] {
  return (path.match(/(?:[^.\\]|\\.)+/gs) ?? []).map((name) => name.replace(/\\(.)/gs, '$1'));
}
