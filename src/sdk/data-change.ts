import { AuditedCall, errorOf, fieldsOf, outcomeOf, record } from './decorators';
import { plainObject } from './plain';
import type { FlatFields, SentEventType } from './types';
import { AuditDecorator, Call, decorator, Ending, quietly } from './wrap-method';

/** Reads the record that a call is about; called like the method itself, with its `this` and arguments. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the arguments of any method
export type RecordLoader = (this: any, ...args: any[]) => unknown;

export interface AuditDataChangeOptions {
  /** Whether the record is told as it was before; default true. */
  captureBefore?: boolean;
  /** Whether the record is told as it is after; default true. */
  captureAfter?: boolean;
  /**
   * Reads the record, before and after. One that is asynchronous makes the method wait for both readings, so it works for
   * `async` methods only; nothing else here delays a method. Without it the record is the first argument that is an object, and after the call its result.
   */
  load?: RecordLoader;
  /** Which record; default: `id` of the record, or the first argument if that is text or a number. */
  resourceId?: (call: AuditedCall) => string | number | undefined;
  /** Default: `DATA_UPDATED`; with `load`, `DATA_CREATED` if there was no record and `DATA_DELETED` if there is none now. */
  eventType?: SentEventType;
  /** Default: the kind of record and what happened to it. */
  description?: string;
  fields?: FlatFields | ((call: AuditedCall) => FlatFields);
}

type Snapshot = object | undefined;

const VERBS: Record<string, string> = { DATA_CREATED: 'created', DATA_UPDATED: 'changed', DATA_DELETED: 'deleted' };

/** Records each call of a method that changes a record, with what differs between before and after. */
export function AuditDataChange(resourceType: string, options: AuditDataChangeOptions = {}): AuditDecorator {
  const { captureBefore = true, captureAfter = true, load } = options;
  return decorator((call) => {
    let before: Snapshot;
    const first = captureBefore ? reading(load, call) : undefined;
    const loading = first instanceof Promise && call.isAsync ? first : undefined;
    const ready = loading?.then(
      (value) => (before = snapshot(value)),
      (error: unknown) => complain(error),
    );
    if (first instanceof Promise && !loading) {
      first.catch(() => undefined);
      complain(new Error(`load of ${call.name} is asynchronous, and the method is not`));
    } else if (!loading) {
      before = snapshot(first);
    }
    const conclude = (ending: Ending, after: Snapshot) => {
      const changes = { ...(captureBefore && { before }), ...(captureAfter && { after }) };
      const eventType = options.eventType ?? typeOf(load !== undefined && !ending.failed, before, after, options);
      const own = fieldsOf(options.fields, call, ending);
      record(eventType, options.description ?? `${resourceType} ${VERBS[eventType] ?? 'changed'}`, {
        resourceType,
        resourceId: idOf(options, call, ending, before, after),
        ...outcomeOf(ending),
        ...own,
        // A call that failed changed nothing that is known of.
        ...(ending.failed ? {} : { changes }),
        details: { method: call.name, durationMs: ending.durationMs, ...errorOf(ending), ...own.details },
      });
    };
    const end = (ending: Ending): void | Promise<void> => {
      if (ending.failed || !captureAfter) return conclude(ending, undefined);
      const last = load ? reading(load, call) : (asRecord(ending.result) ?? reading(undefined, call));
      if (!(last instanceof Promise)) return conclude(ending, snapshot(last));
      return last.then(snapshot, complain).then((after) => void quietly(() => conclude(ending, after)));
    };
    return { ...(ready && { ready }), end };
  });
}

function reading(load: RecordLoader | undefined, { self, args }: Call): unknown {
  if (load) return quietly<unknown>(() => load.apply(self, [...args]));
  return args.find((arg) => asRecord(arg) !== undefined);
}

function asRecord(value: unknown): object | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

/** As it is now, since it may be changed in place. */
function snapshot(value: unknown): Snapshot {
  if (value === null || value === undefined) return undefined;
  return plainObject(value, undefined);
}

function typeOf(
  loaded: boolean,
  before: Snapshot,
  after: Snapshot,
  { captureBefore = true, captureAfter = true }: AuditDataChangeOptions,
): 'DATA_CREATED' | 'DATA_UPDATED' | 'DATA_DELETED' {
  if (loaded && captureBefore && !before && after) return 'DATA_CREATED';
  return loaded && captureAfter && before && !after ? 'DATA_DELETED' : 'DATA_UPDATED';
}

function idOf(
  { resourceId }: AuditDataChangeOptions,
  { self, args }: Call,
  ending: Ending,
  before: Snapshot,
  after: Snapshot,
): string | undefined {
  const result = ending.failed ? undefined : ending.result;
  const error = ending.failed ? ending.error : undefined;
  const [first] = args;
  const candidates: unknown[] = resourceId
    ? [quietly(() => resourceId({ self, args, result, error }))]
    : [first, memberId(after), memberId(before), memberId(first), memberId(result)];
  const found = candidates.find((id) => typeof id === 'string' || typeof id === 'number');
  return found === undefined ? undefined : String(found);
}

function memberId(value: unknown): unknown {
  const record: { id?: unknown } | undefined = asRecord(value);
  return record?.id;
}

function complain(error: unknown): undefined {
  quietly(() => {
    throw error;
  });
  return undefined;
}
