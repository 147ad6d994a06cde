import { AppError } from '../common/app-error';
import { EventSender } from './event-sender';

type Post = { lines: string[] };

function sender(answer: (post: Post) => unknown, url = 'http://127.0.0.1:3000') {
  const posts: Post[] = [];
  const rejected: [number, string][] = [];
  const client = {
    url,
    request: (_method: string, _path: string, options?: { body?: string | Buffer }) => {
      const post = { lines: String(options?.body).split('\n') };
      posts.push(post);
      const result = answer(post);
      if (result instanceof Error) return Promise.reject(result);
      return Promise.resolve(new Response(JSON.stringify(result)));
    },
  };
  const made = new EventSender<number>(client, {
    onRejected: (line, problems) => rejected.push([line, problems[0]?.message ?? '']),
  });
  return { made, posts, rejected };
}
const accept = (post: Post) => ({ accepted: post.lines.length, rejected: 0, ids: [] });

describe('EventSender', () => {
  it('cuts requests by number and by size', async () => {
    const { made, posts } = sender(accept);
    for (let n = 0; n < 2001; n++) await made.add({ id: String(n) }, n);
    const big = { id: 'x', text: 'x'.repeat(1_500_000) };
    await made.add(big, 1);
    await made.add(big, 2);
    await made.finish();
    expect(posts.map((p) => p.lines.length)).toEqual([1000, 1000, 2, 1]);
    expect(made.accepted).toBe(2003);
  });

  it('tells which of its events were refused', async () => {
    const { made, rejected } = sender(() => ({
      accepted: 1,
      rejected: 1,
      errors: [{ index: 1, problems: [{ path: 'a', message: 'bad' }] }],
    }));
    await made.add({ id: '1' }, 11);
    await made.add({ id: '2' }, 12);
    await made.finish();
    expect(rejected).toEqual([[12, 'bad']]);
    expect([made.accepted, made.rejected]).toEqual([1, 1]);
  });

  it('fails with the error of a request', async () => {
    const { made } = sender(() => new AppError('FORBIDDEN', 403, 'no'));
    await made.add({ id: '1' }, 1);
    await expect(made.finish()).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('sends halves when the server takes less at a time', async () => {
    const { made, posts } = sender((post) =>
      post.lines.length > 1 ? new AppError('TOO_LARGE', 413, 'no') : accept(post),
    );
    for (let n = 0; n < 3; n++) await made.add({ id: String(n) }, n);
    await made.finish();
    expect(posts.filter((p) => p.lines.length === 1).map((p) => p.lines[0])).toEqual([
      '{"id":"0"}',
      '{"id":"1"}',
      '{"id":"2"}',
    ]);
    expect(made.accepted).toBe(3);
  });

  it('fails when the request as a whole was refused', async () => {
    const { made } = sender(() => ({ title: 'Unprocessable', detail: 'not like this' }));
    await made.add({ id: '1' }, 1);
    await expect(made.finish()).rejects.toThrow('not like this');
  });

  it('sends nothing when there is nothing', async () => {
    const { made, posts } = sender(accept);
    await made.finish();
    expect(posts).toEqual([]);
  });
});
