import { ApiError, send } from './api';
import type { Query } from './api';
import { parseBlock, ServerSentEvent } from './event-block';

/**
 * Follows the stream at `path` until `signal` aborts. It comes back by itself after a cut, behind the last id that it saw, so
 * that nothing is missed; EventSource is not used because it cannot name a tenant. `onState` tells of cuts and returns.
 */
export async function follow(
  path: string,
  { query, lastId, signal }: { query?: Query; lastId?: string; signal: AbortSignal },
  onEvent: (event: ServerSentEvent) => void,
  onState: (state: 'open' | 'cut') => void,
): Promise<void> {
  let last = lastId;
  for (let pause = 500; !signal.aborted; pause = Math.min(pause * 2, 15_000)) {
    try {
      const headers: Record<string, string> = last === undefined ? {} : { 'last-event-id': last };
      const response = await send(path, { ...(query ? { query } : {}), headers, signal });
      onState('open');
      pause = 500;
      for await (const event of eventsOf(response)) {
        last = event.id ?? last;
        onEvent(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      // What was refused for its content or its sender will be refused again.
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) throw error;
    }
    onState('cut');
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

async function* eventsOf(response: Response): AsyncGenerator<ServerSentEvent> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event) yield event;
    }
  }
}
