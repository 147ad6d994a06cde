import { AppError } from '../common/app-error';
import type { JsonObject, JsonValue } from '../events/canonical-json';
import type { AuditEvent } from '../events/event.schema';
import { fieldBinding, open, sealText } from './crypto';
import { joinPaths, PrivateFields, splitPath, splitPaths, withoutPrivate } from './private-fields';
import type { SubjectKey } from './subject-record';

/** The people of one event. Someone nobody names (`unattributed`) owns what no other owns. */
export interface Owners {
  actor: SubjectKey | undefined;
  subject: SubjectKey | undefined;
  unattributed: SubjectKey;
}

export interface SealedEvent {
  event: AuditEvent;
  /** base64url by the dotted fields that one person owns, joined by commas; undefined if nothing was private. */
  sealed: Record<string, string> | undefined;
}

type Context = NonNullable<AuditEvent['context']>;

/** The event that something is sealed in. */
interface Place {
  tenant: string;
  id: string;
}

/**
 * Replaces the ids of people by their references and seals private fields: those of the context under the actor's key, all
 * others under the subject's. Pure but for nonces.
 */
export function sealEvent(event: AuditEvent, place: Place, owners: Owners, fields: PrivateFields): SealedEvent {
  const { ownerOfContext, ownerOfRest } = ownersOfFields(owners);
  const ofContext: Taken = { owner: ownerOfContext, paths: [], values: [] };
  const ofRest = ownerOfRest === ownerOfContext ? ofContext : { owner: ownerOfRest, paths: [], values: [] };
  const put = ({ paths, values }: Taken, path: string, value: JsonValue) => {
    paths.push(path);
    values.push(value);
  };
  const out: AuditEvent = { ...event };
  if (event.context) {
    const context = withoutPrivate(event.context, 'context', contextOnly(fields), (path, value) =>
      put(ofContext, path, value),
    ) as Context;
    out.context = owners.actor ? { ...context, userId: owners.actor.reference } : context;
  }
  if (owners.subject && event.subjectId !== undefined) out.subjectId = owners.subject.reference;
  const takeRest = (path: string, value: JsonValue) => put(ofRest, path, value);
  if (event.details) out.details = withoutPrivate(event.details, 'details', fields, takeRest);
  if (event.changes) {
    const { before, after } = event.changes;
    out.changes = {
      ...(before && { before: withoutPrivate(before, 'changes.before', fields, takeRest) }),
      ...(after && { after: withoutPrivate(after, 'changes.after', fields, takeRest) }),
    };
  }
  let sealed: SealedEvent['sealed'];
  for (const taken of ofRest === ofContext ? [ofContext] : [ofContext, ofRest]) {
    if (taken.paths.length > 0) (sealed ??= {})[joinPaths(taken.paths)] = sealTaken(taken, place);
  }
  return { event: out, sealed };
}

/** Whose the private fields of the context are, and whose all others. */
export const ownersOfFields = ({ actor, subject, unattributed }: Owners) => ({
  ownerOfContext: actor ?? subject ?? unattributed,
  ownerOfRest: subject ?? actor ?? unattributed,
});

/** What is private and belongs to one person. One sealing for all of it: the cipher costs more than the bytes. */
interface Taken {
  owner: SubjectKey;
  paths: string[];
  values: JsonValue[];
}

const sealTaken = ({ owner, paths, values }: Taken, place: Place): string =>
  sealPiece(owner, joinPaths(paths), JSON.stringify(values), place);

/**
 * What stands in an envelope for the private values of one person, base64url.
 * @param joined the paths of the values, as `joinPaths` joins them
 * @param values a JSON array of them
 */
export const sealPiece = (owner: SubjectKey, joined: string, values: string, { tenant, id }: Place): string =>
  sealText(owner.key, values, fieldBinding(tenant, id, joined));

/** The dotted fields that an event has sealed. */
export const sealedPaths = (sealed: Record<string, string>): string[] => Object.keys(sealed).flatMap(splitPaths);

const NOWHERE: ReadonlySet<string> = new Set();
const contextOnly = (fields: PrivateFields): PrivateFields => ({ tree: fields.tree, anywhere: NOWHERE });

/** What a reader sees in place of a field, or of an id, whose key was destroyed. */
export const ERASED = Object.freeze({ erased: true }) as unknown as JsonObject;

/** Stands where sealed bytes are not those that were stored: one such field must not keep the other events from being read. */
export const ALTERED = Object.freeze({ altered: true }) as unknown as JsonObject;

/** An event as it is stored, as far as revealing goes. */
export interface StoredEvent {
  tenant: string;
  id: string;
  context?: Context | undefined;
  subjectId?: string | undefined;
  sealed?: Record<string, string> | undefined;
}

/** Keys and id of one person; undefined where they were erased. */
export type Reveal = (reference: string) => { id: string; key: Buffer } | undefined;

/**
 * A stored event with its sealed fields back in their places and ids for references; `{"erased": true}` stands for
 * whatever belongs to an erased person, `{"altered": true}` for what somebody changed. An id that is no reference stays as it is.
 * @param unattributed key of fields that belong to nobody named
 * @param isReference tells references from ids
 */
export function openEvent<E extends StoredEvent>(
  event: E,
  reveal: Reveal,
  unattributed: Buffer | undefined,
  isReference: (text: string) => boolean,
): E {
  const { sealed, ...rest } = event;
  const out = structuredClone(rest) as Record<string, unknown>;
  const person = (text: string | undefined) => (text !== undefined && isReference(text) ? reveal(text) : undefined);
  const actor = event.context?.userId;
  const subject = event.subjectId ?? actor;
  const keyOf = (reference: string | undefined) =>
    reference === undefined || !isReference(reference) ? unattributed : person(reference)?.key;
  for (const [joined, text] of Object.entries(sealed ?? {})) {
    const owner = joined.startsWith('context.') ? (actor ?? subject) : (subject ?? actor);
    const key = keyOf(owner);
    const paths = splitPaths(joined);
    const values = key && openFields(key, text, fieldBinding(event.tenant, event.id, joined));
    for (const [i, path] of paths.entries()) place(out, splitPath(path), values ? valueAt(values, i) : ERASED);
  }
  const shown = (text: string) => (isReference(text) ? (person(text)?.id ?? ERASED) : text);
  if (actor !== undefined) place(out, ['context', 'userId'], shown(actor));
  if (event.subjectId !== undefined) place(out, ['subjectId'], shown(event.subjectId));
  return out as unknown as E;
}

/** What was sealed together; nothing if it is not what was stored. */
function openFields(key: Buffer, text: string, bound: string): JsonValue[] {
  try {
    return JSON.parse(open(key, Buffer.from(text, 'base64url'), bound).toString('utf8')) as JsonValue[];
  } catch (error) {
    if (error instanceof AppError && error.code === 'SEAL_BROKEN') return [];
    throw error;
  }
}

const valueAt = (values: JsonValue[], i: number): JsonValue => (values[i] === undefined ? ALTERED : values[i]);

/** Puts a value where the path says; arrays and objects on the way are there, since only the last member was taken. */
function place(target: Record<string, unknown>, path: string[], value: JsonValue): void {
  let at = target;
  for (const name of path.slice(0, -1)) {
    if (typeof at[name] !== 'object' || at[name] === null) define(at, name, {});
    at = at[name] as Record<string, unknown>;
  }
  const last = path.at(-1);
  if (last !== undefined) define(at, last, value);
}

/** Also for names such as `__proto__`, which an assignment would take for something else. */
function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
