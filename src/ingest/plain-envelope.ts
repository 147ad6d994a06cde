import { canonicalString } from '../events/canonical-json';
import { retainUntil } from '../events/envelope';
import type { RetentionClass } from '../events/event-types';
import { ARRAY, JsonTape, NAME, NO_TAPE, OBJECT, VALUE } from '../events/json-tape';
import type { Protection } from '../keys/event-sealer';
import { escapeName, FieldTree, joinPaths, PrivateNames } from '../keys/private-fields';
import { Owners, ownersOfFields, sealPiece } from '../keys/seal-event';
import type { SubjectKey } from '../keys/subject-record';
import {
  AMOUNT,
  CHANGES,
  COMPLIANCE,
  CONTEXT,
  CONTEXT_MEMBERS,
  CURRENCY,
  DESCRIPTION,
  DETAILS,
  MEMBERS,
  OCCURRED_AT,
  OUTCOME,
  PlainEvent,
  RECORD_COUNT,
  SEVERITY,
  SUBJECT_ID,
  USER_ID,
} from './plain-event';

const [QUOTE, COMMA, COLON] = [0x22, 0x2c, 0x3a] as const;
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d] as const;
/** From so many bytes on, a call that copies costs less than a loop. */
const LONG = 64;

const piece = (text: string): Buffer => Buffer.from(text);
const HEADS = MEMBERS.names.map((name) => piece(`"${name}":`));
const CONTEXT_HEADS = CONTEXT_MEMBERS.names.map((name) => piece(`"${name}":`));
const CONTEXT_PATHS = CONTEXT_MEMBERS.names.map((name) => `context.${name}`);
const CHANGES_HEADS = [piece('"after":'), piece('"before":')];
const CHANGES_PATHS = ['changes.after', 'changes.before'];

/** What envelopes of one type and request have in common. */
interface Frame {
  /** `category`. */
  category: Buffer;
  /** `eventType`, up to the id. */
  type: Buffer;
  /** From behind the id to before what follows `receivedAt`, of an event that names neither time nor outcome. */
  usual: Buffer;
  /** `retainUntil` and `retention`. */
  retention: Buffer;
}

/**
 * Writes the envelopes of plain events of one request: byte for byte what `sealEvent` and `buildEnvelope` make of them (but for what is
 * sealed, where nonces differ), without making objects or texts of them on the way.
 */
export class PlainEnvelopes {
  private readonly frames: (Frame | undefined)[] = [];
  private readonly received: string;
  private readonly tail: Buffer;
  private out: Buffer = Buffer.alloc(0);
  private at = 0;
  private tape = NO_TAPE;
  private isPlain = true;
  private hidden: PrivateNames | undefined;
  /** By members of `context`: whether they are private. */
  private hidesContext: boolean[] = [];
  private hiddenDetails: FieldTree | undefined;
  /** Where the members of the objects stand that are being written, those of the innermost last; `ordered` of them. */
  private readonly order: number[] = [];
  private ordered = 0;
  /** The way to what is being written: names by the places of their values, items of arrays by -1 minus their index. */
  private readonly way: number[] = [];
  private readonly contextPaths: string[] = [];
  private readonly contextPlaces: number[] = [];
  private readonly restPaths: string[] = [];
  private readonly restPlaces: number[] = [];

  constructor(
    private readonly tenant: string,
    private readonly receivedAt: number,
    private readonly retentionDays: Readonly<Record<RetentionClass, number>>,
  ) {
    this.received = new Date(receivedAt).toISOString();
    this.tail = piece(`"tenant":${canonicalString(tenant)},"v":1}`);
  }

  /**
   * Writes an envelope into `out`.
   * @param out has room for `longest(event)` bytes from `start` on
   * @param protection what is sealed, and for whom; undefined: nothing
   * @returns where the envelope ends, or -1 for one that has to be made in the general way
   */
  write(out: Buffer, start: number, event: PlainEvent, id: string, protection: Protection | undefined): number {
    this.begin(out, start, event.tape, protection?.names);
    const { members } = event;
    const frame = (this.frames[event.typeNumber] ??= this.frameOf(event));
    const owners = protection?.ownersOf(event.userId, event.subjectId);
    this.byte(OPEN_OBJECT);
    this.member(members, AMOUNT);
    this.copy(frame.category);
    if (members[CHANGES] !== 0) this.changes(event.changes);
    this.member(members, COMPLIANCE);
    if (members[CONTEXT] !== 0) this.context(event.context, owners);
    this.member(members, CURRENCY);
    this.member(members, DESCRIPTION);
    if (members[DETAILS] !== 0) {
      this.copy(HEADS[DETAILS] as Buffer);
      this.object(members[DETAILS] as number, 'details', this.hiddenDetails);
      this.byte(COMMA);
    }
    this.copy(frame.type);
    this.ascii(id);
    this.circumstances(event, frame);
    this.member(members, RECORD_COUNT);
    this.copy(frame.retention);
    if (owners) this.sealed(owners, id);
    this.severity(event);
    this.subject(event, owners);
    this.copy(this.tail);
    return this.isPlain ? this.at : -1;
  }

  /** At most so many bytes does the envelope of an event take. What is sealed grows by a third and 40 bytes for each person. */
  longest(bytes: number): number {
    return 2 * bytes + this.tail.length + 1024;
  }

  private begin(out: Buffer, start: number, tape: JsonTape, hidden: PrivateNames | undefined): void {
    this.out = out;
    this.at = start;
    this.tape = tape;
    this.isPlain = true;
    if (hidden !== this.hidden) {
      this.hidden = hidden;
      const context = hidden?.under('context');
      this.hidesContext = CONTEXT_MEMBERS.names.map((name) => context?.children.get(name)?.isPrivate === true);
      this.hiddenDetails = hidden?.under('details');
    }
    this.ordered = 0;
    empty(this.way);
    empty(this.contextPaths);
    empty(this.contextPlaces);
    empty(this.restPaths);
    empty(this.restPlaces);
  }

  private frameOf({ type, typeNumber }: PlainEvent): Frame {
    const name = canonicalString(PlainEvent.typeName(typeNumber));
    const until = retainUntil(this.receivedAt, this.retentionDays[type.retention]);
    return {
      category: piece(`"category":"${type.category}",`),
      type: piece(`"eventType":${name},"id":"`),
      usual: piece(`","occurredAt":"${this.received}","outcome":"${type.outcome}","receivedAt":"${this.received}",`),
      retention: piece(`"retainUntil":"${until}","retention":"${type.retention}",`),
    };
  }

  /** A member with nothing private in it, and a comma. */
  private member(members: Int32Array, member: number): void {
    const place = members[member] as number;
    if (place === 0) return;
    this.copy(HEADS[member] as Buffer);
    this.value(place, '', undefined, false);
    this.byte(COMMA);
  }

  private changes(changes: Int32Array): void {
    this.copy(HEADS[CHANGES] as Buffer);
    this.byte(OPEN_OBJECT);
    let isFirst = true;
    for (let which = 0; which < 2; which++) {
      const place = changes[which] as number;
      if (place === 0) continue;
      if (!isFirst) this.byte(COMMA);
      isFirst = false;
      this.copy(CHANGES_HEADS[which] as Buffer);
      const [path, name] = [CHANGES_PATHS[which] as string, which === 0 ? 'after' : 'before'];
      this.object(place, path, this.hidden?.under('changes', name));
    }
    this.byte(CLOSE_OBJECT);
    this.byte(COMMA);
  }

  private context(context: Int32Array, owners: Owners | undefined): void {
    this.copy(HEADS[CONTEXT] as Buffer);
    this.byte(OPEN_OBJECT);
    let isFirst = true;
    for (let member = 0; member < context.length; member++) {
      const place = context[member] as number;
      if (place === 0) continue;
      if (this.hidesContext[member]) {
        this.contextPaths.push(CONTEXT_PATHS[member] as string);
        this.contextPlaces.push(place);
        continue;
      }
      if (!isFirst) this.byte(COMMA);
      isFirst = false;
      this.copy(CONTEXT_HEADS[member] as Buffer);
      if (member === USER_ID && owners?.actor) this.quoted(owners.actor.reference);
      else this.token(place);
    }
    this.byte(CLOSE_OBJECT);
    this.byte(COMMA);
  }

  /** From behind the id to before what follows `receivedAt`. */
  private circumstances({ members, type }: PlainEvent, { usual }: Frame): void {
    const [time, outcome] = [members[OCCURRED_AT] as number, members[OUTCOME] as number];
    if (time === 0 && outcome === 0) return this.copy(usual);
    const [occurred, came] = [
      time === 0 ? this.received : this.tape.text(time),
      outcome === 0 ? type.outcome : this.tape.text(outcome),
    ];
    this.ascii(`","occurredAt":"${occurred}","outcome":"${came}","receivedAt":"${this.received}",`);
  }

  private severity({ members, type }: PlainEvent): void {
    const place = members[SEVERITY] as number;
    this.copy(HEADS[SEVERITY] as Buffer);
    if (place === 0) this.quoted(type.severity);
    else this.token(place);
    this.byte(COMMA);
  }

  /** Whose data it is about: of an event that does not say so, of whoever acted. */
  private subject({ members, context }: PlainEvent, owners: Owners | undefined): void {
    const named = members[SUBJECT_ID] as number;
    const place = named !== 0 ? named : members[CONTEXT] === 0 ? 0 : (context[USER_ID] as number);
    if (place === 0) return;
    this.copy(HEADS[SUBJECT_ID] as Buffer);
    const person = named !== 0 ? owners?.subject : owners?.actor;
    if (person) this.quoted(person.reference);
    else this.token(place);
    this.byte(COMMA);
  }

  private sealed(owners: Owners, id: string): void {
    const { ownerOfContext, ownerOfRest } = ownersOfFields(owners);
    if (ownerOfContext === ownerOfRest) {
      this.contextPaths.push(...this.restPaths);
      this.contextPlaces.push(...this.restPlaces);
      this.restPaths.length = 0;
    }
    const first =
      this.contextPaths.length > 0 ? this.pieceOf(ownerOfContext, this.contextPaths, this.contextPlaces, id) : '';
    const second = this.restPaths.length > 0 ? this.pieceOf(ownerOfRest, this.restPaths, this.restPlaces, id) : '';
    if (first === '' && second === '') return;
    // Members in their order: that of the context begins with "context", the other with "changes" or "details".
    const isSecondFirst = second !== '' && second < first;
    const [one, other] = isSecondFirst ? [second, first] : [first, second];
    this.ascii(`"sealed":{${one}${one !== '' && other !== '' ? ',' : ''}${other}},`);
  }

  /** A member of `sealed`. */
  private pieceOf(owner: SubjectKey, paths: string[], places: number[], id: string): string {
    const { bytes } = this.tape;
    const values = places.map((place) => bytes.toString('utf8', ...this.tape.token(place))).join(',');
    const joined = joinPaths(paths);
    const sealed = sealPiece(owner, joined, `[${values}]`, { tenant: this.tenant, id });
    return `${canonicalString(joined)}:"${sealed}"`;
  }

  /**
   * Any value, in canonical form.
   * @param path of the root that it stands in, such as `details`
   * @param node what is private under it
   * @param isFree whether members of it may be private
   */
  private value(place: number, root: string, node: FieldTree | undefined, isFree: boolean): void {
    const kind = this.tape.ints[place];
    if (kind === OBJECT) this.members(place, root, node, isFree);
    else if (kind === ARRAY) this.array(place, root, node, isFree);
    else this.token(place);
  }

  /** An object that people filled as they liked. */
  private object(place: number, root: string, node: FieldTree | undefined): void {
    this.members(place, root, node, this.hidden !== undefined);
  }

  private members(place: number, root: string, node: FieldTree | undefined, isFree: boolean): void {
    const { order, tape, way } = this;
    const { ints, bytes } = tape;
    const base = this.ordered;
    const behind = ints[place + 3] as number;
    for (let at = place + VALUE; at < behind; at = ints[at + NAME + 3] as number) this.insert(base, at);
    const count = this.ordered;
    this.byte(OPEN_OBJECT);
    let isFirst = true;
    for (let i = base; i < count; i++) {
      const at = order[i] as number;
      const [start, end] = [ints[at] as number, ints[at + 1] as number];
      let child: FieldTree | undefined;
      if (isFree) {
        const { table, isAnywhere } = this.hidden as PrivateNames;
        const name = table.find(bytes, start, end);
        if (name >= 0) {
          child = node?.children.get(table.names[name] as string);
          if (child?.isPrivate || isAnywhere[name]) {
            this.take(at, root);
            continue;
          }
        }
      }
      if (!isFirst) this.byte(COMMA);
      isFirst = false;
      this.range(start - 1, end + 1);
      this.byte(COLON);
      way.push(at);
      this.value(at + NAME, root, child, isFree);
      way.pop();
    }
    this.ordered = base;
    this.byte(CLOSE_OBJECT);
  }

  private array(place: number, root: string, node: FieldTree | undefined, isFree: boolean): void {
    const { ints } = this.tape;
    const behind = ints[place + 3] as number;
    this.byte(OPEN_ARRAY);
    let index = 0;
    for (let at = place + VALUE; at < behind; at = ints[at + 3] as number) {
      if (index > 0) this.byte(COMMA);
      this.way.push(-1 - index++);
      this.value(at, root, node, isFree);
      this.way.pop();
    }
    this.byte(CLOSE_ARRAY);
  }

  /** Puts a member where it belongs among those of its object. Members that are there twice are left to the general way. */
  private insert(base: number, at: number): void {
    const { order } = this;
    let i = this.ordered++;
    for (; i > base; i--) {
      const difference = this.compareNames(order[i - 1] as number, at);
      if (difference === 0) this.isPlain = false;
      if (difference <= 0) break;
      order[i] = order[i - 1] as number;
    }
    order[i] = at;
  }

  private compareNames(a: number, b: number): number {
    const { ints, bytes } = this.tape;
    const [start, other] = [ints[a] as number, ints[b] as number];
    const [length, otherLength] = [(ints[a + 1] as number) - start, (ints[b + 1] as number) - other];
    const common = Math.min(length, otherLength);
    for (let i = 0; i < common; i++) {
      const difference = (bytes[start + i] as number) - (bytes[other + i] as number);
      if (difference !== 0) return difference;
    }
    return length - otherLength;
  }

  /** Notes a private member. One that is an object or an array is left to the general way. */
  private take(at: number, root: string): void {
    const { ints } = this.tape;
    const place = at + NAME;
    if (ints[place] === OBJECT || ints[place] === ARRAY) this.isPlain = false;
    let path = root;
    for (const step of this.way) path += step < 0 ? `.${-1 - step}` : `.${this.nameAt(step)}`;
    this.restPaths.push(`${path}.${this.nameAt(at)}`);
    this.restPlaces.push(place);
  }

  private nameAt(at: number): string {
    const { ints, bytes } = this.tape;
    return escapeName(bytes.toString('latin1', ints[at], ints[at + 1]));
  }

  /** A value that is one token, as it stands on the tape. */
  private token(place: number): void {
    const [start, end] = this.tape.token(place);
    this.range(start, end);
  }

  private range(start: number, end: number): void {
    const { out, at } = this;
    const { bytes } = this.tape;
    const length = end - start;
    if (length >= LONG) bytes.copy(out, at, start, end);
    else for (let i = 0; i < length; i++) out[at + i] = bytes[start + i] as number;
    this.at = at + length;
  }

  private copy(from: Buffer): void {
    const { out, at } = this;
    const { length } = from;
    if (length >= LONG) from.copy(out, at);
    else for (let i = 0; i < length; i++) out[at + i] = from[i] as number;
    this.at = at + length;
  }

  private byte(byte: number): void {
    this.out[this.at++] = byte;
  }

  private quoted(text: string): void {
    this.byte(QUOTE);
    this.ascii(text);
    this.byte(QUOTE);
  }

  private ascii(text: string): void {
    const { out, at } = this;
    const { length } = text;
    if (at + length > out.length) this.isPlain = false;
    else if (length >= LONG) out.write(text, at, 'latin1');
    else for (let i = 0; i < length; i++) out[at + i] = text.charCodeAt(i);
    this.at = at + length;
  }
}

/** Without a write to an array that is empty, which is nearly always. */
function empty(list: unknown[]): void {
  if (list.length > 0) list.length = 0;
}
