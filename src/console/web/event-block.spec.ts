import { parseBlock } from './event-block';

describe('a block of a stream', () => {
  it('has an id, a kind and data over several lines', () => {
    expect(parseBlock('id: 7\nevent: alert\ndata: {"a":\ndata: 1}')).toEqual({
      id: '7',
      event: 'alert',
      data: '{"a":\n1}',
    });
    expect(parseBlock('data:x\r\nid: 8')).toEqual({ id: '8', event: 'message', data: 'x' });
  });

  it('of comments alone is no event', () => {
    expect(parseBlock(': still here')).toBeUndefined();
    expect(parseBlock('')).toBeUndefined();
  });
});
