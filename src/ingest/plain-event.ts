import { isIP } from 'node:net';
import { isAmount, LONGEST, MOST_CATEGORIES } from '../events/event.schema';
import { EVENT_TYPES, EventTypeDefinition, OUTCOMES, SEVERITIES } from '../events/event-types';
import { ARRAY, JsonTape, NAME, NO_TAPE, NUMBER, OBJECT, TEXT, VALUE, WIDE } from '../events/json-tape';
import { NameTable } from '../events/name-table';
import { isPlainTime } from '../events/validate-event';

/** Members of an event, by their places in `PlainEvent.members`. */
export const MEMBERS = new NameTable([
  ...['id', 'eventType', 'occurredAt', 'severity', 'outcome', 'description', 'context', 'subjectId', 'details'],
  ...['changes', 'compliance', 'amount', 'currency', 'recordCount'],
]);
export const [ID, EVENT_TYPE, OCCURRED_AT, SEVERITY, OUTCOME, DESCRIPTION, CONTEXT, SUBJECT_ID, DETAILS] = [
  ...([0, 1, 2, 3, 4, 5, 6, 7, 8] as const),
];
export const [CHANGES, COMPLIANCE, AMOUNT, CURRENCY, RECORD_COUNT] = [9, 10, 11, 12, 13] as const;

/** Members of `context`, by their places in `PlainEvent.context`: in the order in which the envelope has them. */
export const CONTEXT_MEMBERS = new NameTable([
  ...['correlationId', 'ipAddress', 'resourceId', 'resourceType', 'service', 'sessionId', 'userAgent', 'userId'],
]);
export const [IP_ADDRESS, USER_ID] = [1, 7] as const;
const LONGEST_IN_CONTEXT = CONTEXT_MEMBERS.names.map((name) => (LONGEST as Record<string, number>)[name] ?? 0);

const CHANGES_MEMBERS = new NameTable(['after', 'before']);
const COMPLIANCE_MEMBERS = new NameTable(['consentId', 'dataCategories', 'legalBasis', 'purpose']);
const [CONSENT_ID, DATA_CATEGORIES, LEGAL_BASIS] = [0, 1, 2] as const;

const TYPE_NAMES = new NameTable([...EVENT_TYPES.keys()]);
const TYPES = [...EVENT_TYPES.values()];
const SEVERITY_NAMES = new NameTable(SEVERITIES);
const OUTCOME_NAMES = new NameTable(OUTCOMES);
const UUID_LENGTH = 36;

/**
 * One event as it stands on a tape, judged without making an object of it. What it takes is exactly what `validateEvent` takes, from
 * a large part of all events: those in plain JSON (see `JsonTape`) of types of the registry, whose ids and times are in the form
 * in which the envelope has them. It has no words for what is wrong with an event: whatever it does not take, `validateEvent` judges.
 */
export class PlainEvent {
  /** Where on the tape the members are; 0: absent. */
  readonly members = new Int32Array(MEMBERS.names.length);
  readonly context = new Int32Array(CONTEXT_MEMBERS.names.length);
  /** Of `changes`: after and before. */
  readonly changes = new Int32Array(2);
  private readonly compliance = new Int32Array(4);
  /** The place of its type in the registry. */
  typeNumber = 0;
  type: EventTypeDefinition = TYPES[0] as EventTypeDefinition;
  id: string | undefined;
  /** Who acted, and whose data it is about if it says so. */
  userId: string | undefined;
  subjectId: string | undefined;

  /** Where it was read from. */
  tape = NO_TAPE;

  static typeName(typeNumber: number): string {
    return TYPE_NAMES.names[typeNumber] as string;
  }

  /**
   * Reads the value at a place of a tape, instead of what this has read before.
   * @param now ms since the epoch
   */
  read(tape: JsonTape, place: number, now: number): boolean {
    this.tape = tape;
    const { members } = this;
    if (!this.membersOf(place, MEMBERS, members)) return false;
    if (!this.isText(members[DESCRIPTION] as number, LONGEST.description)) return false;
    const typeNumber = this.find(TYPE_NAMES, members[EVENT_TYPE] as number);
    if (typeNumber < 0) return false;
    this.typeNumber = typeNumber;
    this.type = TYPES[typeNumber] as EventTypeDefinition;
    if (this.type.category === 'audit') return false;
    if (!this.readPeople()) return false;
    const id = members[ID] as number;
    if (id !== 0 && !this.isPlainUuid(id)) return false;
    this.id = id === 0 ? undefined : tape.text(id);
    return (
      this.isOneOf(SEVERITY_NAMES, members[SEVERITY] as number) &&
      this.isOneOf(OUTCOME_NAMES, members[OUTCOME] as number) &&
      this.isTime(members[OCCURRED_AT] as number, now) &&
      this.isObject(members[DETAILS] as number) &&
      this.areChanges(members[CHANGES] as number) &&
      this.isCompliance(members[COMPLIANCE] as number) &&
      this.isAmount(members[AMOUNT] as number) &&
      this.isCurrency(members[CURRENCY] as number) &&
      this.isCount(members[RECORD_COUNT] as number)
    );
  }

  /** Notes where the members of an object are; false if it is none, or has members that are unknown or there twice. */
  private membersOf(place: number, names: NameTable, found: Int32Array): boolean {
    found.fill(0);
    const { ints, bytes } = this.tape;
    if (ints[place] !== OBJECT) return false;
    const behind = ints[place + 3] as number;
    for (let at = place + VALUE; at < behind;) {
      const member = names.find(bytes, ints[at] as number, ints[at + 1] as number);
      if (member < 0 || found[member] !== 0) return false;
      found[member] = at + NAME;
      at = ints[at + NAME + 3] as number;
    }
    return true;
  }

  private readPeople(): boolean {
    const { tape, members, context } = this;
    this.userId = undefined;
    this.subjectId = undefined;
    const subject = members[SUBJECT_ID] as number;
    if (subject !== 0) {
      if (!this.isText(subject, LONGEST.subjectId)) return false;
      this.subjectId = tape.text(subject);
    }
    if (members[CONTEXT] === 0) {
      context.fill(0);
      return true;
    }
    if (!this.membersOf(members[CONTEXT] as number, CONTEXT_MEMBERS, context)) return false;
    for (let member = 0; member < context.length; member++) {
      const place = context[member] as number;
      if (place === 0) continue;
      const isGood =
        member === IP_ADDRESS ? this.isAddress(place) : this.isText(place, LONGEST_IN_CONTEXT[member] ?? 0);
      if (!isGood) return false;
    }
    const user = context[USER_ID] as number;
    if (user !== 0) this.userId = tape.text(user);
    return true;
  }

  /** A character beyond ASCII counts as the two to four bytes that it takes: a text that is too long so is left to others. */
  private isText(place: number, longest: number): boolean {
    const { ints } = this.tape;
    const kind = ints[place];
    if (place === 0 || (kind !== TEXT && kind !== WIDE)) return false;
    const length = (ints[place + 2] as number) - (ints[place + 1] as number);
    return length > 0 && length <= longest;
  }

  private isAddress(place: number): boolean {
    if (this.tape.ints[place] !== TEXT) return false;
    const address = this.tape.text(place);
    return isIP(address) !== 0 && !address.includes('%');
  }

  private find(names: NameTable, place: number): number {
    const { ints, bytes } = this.tape;
    return place === 0 || ints[place] !== TEXT
      ? -1
      : names.find(bytes, ints[place + 1] as number, ints[place + 2] as number);
  }

  private isOneOf(names: NameTable, place: number): boolean {
    return place === 0 || this.find(names, place) >= 0;
  }

  private isTime(place: number, now: number): boolean {
    return place === 0 || (this.tape.ints[place] === TEXT && isPlainTime(this.tape.text(place), now));
  }

  private isObject(place: number): boolean {
    return place === 0 || this.tape.ints[place] === OBJECT;
  }

  private areChanges(place: number): boolean {
    if (place === 0) return true;
    const { changes } = this;
    if (!this.membersOf(place, CHANGES_MEMBERS, changes)) return false;
    return this.isObject(changes[0] as number) && this.isObject(changes[1] as number);
  }

  private isCompliance(place: number): boolean {
    if (place === 0) return true;
    const { compliance } = this;
    if (!this.membersOf(place, COMPLIANCE_MEMBERS, compliance)) return false;
    for (let member = 0; member < compliance.length; member++) {
      const at = compliance[member] as number;
      if (at === 0) continue;
      const isGood = member === DATA_CATEGORIES ? this.areCategories(at) : this.isText(at, longestInCompliance(member));
      if (!isGood) return false;
    }
    return true;
  }

  private areCategories(place: number): boolean {
    const { ints } = this.tape;
    if (ints[place] !== ARRAY) return false;
    let count = 0;
    for (let at = place + VALUE; at < (ints[place + 3] as number); at = ints[at + 3] as number) {
      if (++count > MOST_CATEGORIES || !this.isText(at, LONGEST.dataCategory)) return false;
    }
    return true;
  }

  private isAmount(place: number): boolean {
    return place === 0 || (this.tape.ints[place] === NUMBER && isAmount(Number(this.tape.text(place))));
  }

  private isCurrency(place: number): boolean {
    if (place === 0) return true;
    return this.tape.ints[place] === TEXT && this.every(place, 3, (byte) => byte >= 0x41 && byte <= 0x5a);
  }

  /** A whole number: on a tape only a fraction has a point, and none is whole. */
  private isCount(place: number): boolean {
    if (place === 0) return true;
    if (this.tape.ints[place] !== NUMBER) return false;
    const { bytes, ints } = this.tape;
    for (let i = ints[place + 1] as number; i < (ints[place + 2] as number); i++) {
      const byte = bytes[i] as number;
      if (byte < 0x30 || byte > 0x39) return false;
    }
    return true;
  }

  private isPlainUuid(place: number): boolean {
    if (this.tape.ints[place] !== TEXT) return false;
    return this.every(place, UUID_LENGTH, (byte, i) =>
      i === 8 || i === 13 || i === 18 || i === 23
        ? byte === 0x2d
        : (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66),
    );
  }

  private every(place: number, length: number, isGood: (byte: number, i: number) => boolean): boolean {
    const { bytes, ints } = this.tape;
    const start = ints[place + 1] as number;
    if ((ints[place + 2] as number) - start !== length) return false;
    for (let i = 0; i < length; i++) if (!isGood(bytes[start + i] as number, i)) return false;
    return true;
  }
}

function longestInCompliance(member: number): number {
  if (member === CONSENT_ID) return LONGEST.consentId;
  return member === LEGAL_BASIS ? LONGEST.legalBasis : LONGEST.purpose;
}
