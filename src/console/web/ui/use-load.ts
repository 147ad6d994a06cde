import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export interface Loaded<T> {
  data: T | undefined;
  error: unknown;
  loading: boolean;
  reload: () => void;
}

/** Loads when the component appears and whenever `dependencies` change; an older answer never replaces a newer one. */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, dependencies: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, 'reload'>>({ data: undefined, error: undefined, loading: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    setState((before) => ({ ...before, loading: true, error: undefined }));
    load(controller.signal).then(
      (data) => !controller.signal.aborted && setState({ data, error: undefined, loading: false }),
      (error: unknown) => !controller.signal.aborted && setState((before) => ({ ...before, error, loading: false })),
    );
    return () => controller.abort();
  }, [...dependencies, turn]);
  return { ...state, reload: useCallback(() => setTurn((before) => before + 1), []) };
}

export interface Paged<T> {
  items: T[];
  error: unknown;
  loading: boolean;
  /** Loads the next page; undefined when there is none. */
  more: (() => void) | undefined;
  reload: () => void;
}

/** Loads page after page of a list that answers with a cursor. Starts over when `dependencies` change. */
export function usePages<T>(
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<{ items: T[]; next: string | undefined }>,
  dependencies: readonly unknown[],
): Paged<T> {
  const [state, setState] = useState({ ...NO_PAGE, items: [] as T[] });
  const running = useRef<AbortController | undefined>(undefined);
  const read = async (cursor: string | undefined) => {
    running.current?.abort();
    const own = (running.current = new AbortController());
    setState((before) => ({ ...NO_PAGE, items: cursor === undefined ? [] : before.items, loading: true }));
    try {
      const page = await load(cursor, own.signal);
      if (own.signal.aborted) return;
      setState((before) => ({ ...NO_PAGE, items: [...before.items, ...page.items], next: page.next }));
    } catch (error) {
      if (!own.signal.aborted) setState((before) => ({ ...before, next: cursor, loading: false, error }));
    }
  };
  useEffect(() => {
    void read(undefined);
    return () => running.current?.abort();
  }, [JSON.stringify(dependencies)]);
  const { items, next, error, loading } = state;
  const more = next === undefined || loading ? undefined : () => void read(next);
  return { items, error, loading, more, reload: () => void read(undefined) };
}

const NO_PAGE = { next: undefined as string | undefined, error: undefined as unknown, loading: false };

export interface Action<A extends unknown[]> {
  run: (...args: A) => Promise<void>;
  busy: boolean;
  error: unknown;
}

/** An act of the user: `busy` while it runs, its error kept for showing, and not begun twice at a time. */
export function useAction<A extends unknown[]>(act: (...args: A) => Promise<unknown>): Action<A> {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const run = async (...args: A) => {
    if (busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await act(...args);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return { run, busy, error };
}
