import type { FieldProblem } from '../common/app-error';
import type { AuditEvent } from '../events/event.schema';
import type { EventTypeDefinition } from '../events/event-types';
import { JsonTape } from '../events/json-tape';
import { validateEvent } from '../events/validate-event';
import type { Item, Items } from './parse-events';
import { PlainEvent } from './plain-event';
import type { RowEncoder } from './row-encoder';

/** Names that may have been meant are looked for in so many bad events of a request: looking is dear. */
const HINTED_ERRORS = 20;

/** A good event among the items of a body: still bytes if it is plain, else an object. */
type GoodEvent =
  | { index: number; plain: PlainEvent; bytes: number }
  | { index: number; plain: undefined; event: AuditEvent; type: EventTypeDefinition };

/** Reads some items of a body at a time, and keeps what it reads them into for the next ones. */
export class SliceReader {
  /** Ids of the people that the good events of the last slice name. */
  readonly people = new Set<string>();
  private readonly tape = new JsonTape();
  private readonly events: PlainEvent[] = [];

  /**
   * The good events among the items from `start` to before `end`; what is wrong with the others is noted in `faults`. They hold until
   * the next call.
   * @param now ms since the epoch
   */
  read(items: Items, start: number, end: number, now: number, faults: Map<number, FieldProblem[]>): GoodEvent[] {
    this.tape.clear();
    this.people.clear();
    const good: GoodEvent[] = [];
    for (let index = start; index < end; index++) {
      const plain = (this.events[good.length] ??= new PlainEvent());
      const found = items.onTape(index, this.tape);
      if (found && plain.read(found.tape, found.place, now)) {
        this.name(plain.userId, plain.subjectId);
        good.push({ index, plain, bytes: found.bytes });
        continue;
      }
      const judged = judge(items.at(index), now, faults.size < HINTED_ERRORS);
      if (Array.isArray(judged)) {
        faults.set(index, judged);
        continue;
      }
      this.name(judged.event.context?.userId, judged.event.subjectId);
      good.push({ index, plain: undefined, ...judged });
    }
    return good;
  }

  private name(userId: string | undefined, subjectId: string | undefined): void {
    if (userId !== undefined) this.people.add(userId);
    if (subjectId !== undefined) this.people.add(subjectId);
  }
}

/**
 * Gives a good event to the encoder; returns what is wrong with it after all.
 * @param derivedId of an event that names no id itself
 */
export function encode(
  encoder: RowEncoder,
  items: Items,
  good: GoodEvent,
  now: number,
  derivedId: string | undefined,
): FieldProblem[] | undefined {
  if (good.plain && encoder.addPlain(good.plain, good.bytes, derivedId)) return undefined;
  const judged = good.plain ? judge(items.at(good.index), now, true) : good;
  if (Array.isArray(judged)) return judged;
  const problem = encoder.add(judged.event, judged.type, derivedId);
  return problem && [problem];
}

/** The event that an item is, or what is wrong with it. */
function judge(
  item: Item,
  now: number,
  hints: boolean,
): { event: AuditEvent; type: EventTypeDefinition } | FieldProblem[] {
  if (item.fault !== undefined) return [{ path: '', message: item.fault }];
  const result = validateEvent(item.value, { now, hints });
  return result.ok ? { event: result.event, type: result.type } : result.problems;
}
