import { AuditError, reasonOf } from './errors';
import { currentAuditLogger } from './global';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any method, whatever it takes, can be decorated
export type AnyMethod = (...args: any[]) => any;

/** A decorator of methods, both of TypeScript's older kind (Nest) and of the standard. */
export interface AuditDecorator {
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): void;
  <F extends AnyMethod>(method: F, context: ClassMethodDecoratorContext): F;
}

/** How a call ended. */
export type Ending =
  { failed: false; result: unknown; durationMs: number } | { failed: true; error: unknown; durationMs: number };

export interface Call {
  self: unknown;
  args: readonly unknown[];
  /** `Class.method` */
  name: string;
  /** Whether the method is an `async` function. */
  isAsync: boolean;
}

export interface Observation {
  /** If given, the method runs when this is settled; only for methods that are asynchronous anyway. */
  ready?: Promise<unknown>;
  /** What it returns is waited for before an `async` method gives its result. It must not reject. */
  end: (ending: Ending) => void | Promise<void>;
}

/** Told of a call before the method runs. */
export type Observer = (call: Call) => Observation;

/** Makes a decorator that lets `observe` watch, and changes nothing: result, error, `this`, metadata, being synchronous. */
export function decorator(observe: Observer): AuditDecorator {
  return ((target: unknown, key: unknown, descriptor?: PropertyDescriptor) => {
    if (isStandard(key)) return watched(target as AnyMethod, String(key.name), observe);
    if (typeof descriptor?.value !== 'function') {
      throw new AuditError('OPTIONS_INVALID', `audit decorators are for methods, and ${String(key)} is none`);
    }
    descriptor.value = watched(descriptor.value as AnyMethod, String(key), observe);
    return undefined;
  }) as AuditDecorator;
}

const isStandard = (key: unknown): key is ClassMethodDecoratorContext => typeof key === 'object' && key !== null;

function watched(method: AnyMethod, key: string, observe: Observer): AnyMethod {
  const isAsync = method.constructor.name === 'AsyncFunction';
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    if (!currentAuditLogger()) return method.apply(this, args) as unknown;
    const name = `${ownerOf(this)}${key}`;
    const observation = quietly(() => observe({ self: this, args, name, isAsync }));
    const run = (): unknown => conclude(() => method.apply(this, args) as unknown, observation, isAsync);
    return observation?.ready && isAsync ? observation.ready.then(run, run) : run();
  };
  return disguised(wrapper, method);
}

function ownerOf(self: unknown): string {
  if (typeof self === 'function') return `${self.name}.`;
  const name = (self as { constructor?: { name?: unknown } } | undefined | null)?.constructor?.name;
  return typeof name === 'string' && name !== '' && name !== 'Object' ? `${name}.` : '';
}

function conclude(run: () => unknown, observation: Observation | undefined, isAsync: boolean): unknown {
  const begun = performance.now();
  const took = () => Math.round((performance.now() - begun) * 1000) / 1000;
  const succeeded = (result: unknown) => quietly(() => observation?.end({ failed: false, result, durationMs: took() }));
  const failed = (error: unknown) => void quietly(() => observation?.end({ failed: true, error, durationMs: took() }));
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    failed(error);
    throw error;
  }
  if (isPlainPromise(result)) {
    // A promise in its place keeps an error that nobody handles unhandled; watching it from aside would hide that.
    return result.then(
      (value) => {
        const wait = succeeded(value);
        return wait && isAsync ? wait.then(() => value) : value;
      },
      (error: unknown) => {
        failed(error);
        throw error;
      },
    );
  }
  if (result instanceof Promise) void result.then(succeeded, failed);
  else void succeeded(result);
  return result;
}

/** One without members of its own kind, which another could not stand in for. Lazy ones, which `then` sets off, are none. */
function isPlainPromise(value: unknown): value is Promise<unknown> {
  return (
    value instanceof Promise &&
    Object.getPrototypeOf(value) === Promise.prototype &&
    // Node itself adds symbols while contexts are followed.
    Object.getOwnPropertyNames(value).length === 0
  );
}

/** Lets `wrapper` look like `method`: name, length, own members, and the metadata that Nest and others keep of it. */
function disguised(wrapper: AnyMethod, method: AnyMethod): AnyMethod {
  for (const key of Reflect.ownKeys(method)) {
    if (key === 'prototype' || key === 'caller' || key === 'arguments') continue;
    Object.defineProperty(wrapper, key, Object.getOwnPropertyDescriptor(method, key) ?? {});
  }
  const metadata = Reflect as unknown as {
    getOwnMetadataKeys?: (target: object) => unknown[];
    getOwnMetadata?: (key: unknown, target: object) => unknown;
    defineMetadata?: (key: unknown, value: unknown, target: object) => void;
  };
  for (const key of metadata.getOwnMetadataKeys?.(method) ?? []) {
    metadata.defineMetadata?.(key, metadata.getOwnMetadata?.(key, method), wrapper);
  }
  return wrapper;
}

/** Whatever fails while watching is told to `onError` and nobody else. */
export function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (cause) {
    const error = new AuditError('CALLBACK_FAILED', `an audit decorator failed: ${reasonOf(cause)}`, { cause });
    currentAuditLogger()?.settings.onError(error);
    return undefined;
  }
}
