/** One event of a stream of server-sent events. */
export interface ServerSentEvent {
  id: string | undefined;
  event: string;
  data: string;
}

/** One block of a stream, or undefined for one of comments only. */
export function parseBlock(block: string): ServerSentEvent | undefined {
  const event: ServerSentEvent = { id: undefined, event: 'message', data: '' };
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (name === 'id') event.id = value;
    else if (name === 'event') event.event = value;
    else if (name === 'data') data.push(value);
  }
  event.data = data.join('\n');
  return data.length > 0 ? event : undefined;
}
