import { linesOf, VerificationLine } from './verification';

/** A body that arrives in these pieces. */
const bodyOf = (...pieces: string[]) =>
  new Response(
    new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
        controller.close();
      },
    }),
  );

it('reads the lines of a verification however they are cut', async () => {
  const lines: VerificationLine[] = [];
  const body = bodyOf('{"progress":{"do', 'ne":1,"total":2}}\n\n{"id":"x"}\n{"error":{"code":"A","message":"b"}}');
  for await (const line of linesOf(body)) lines.push(line);
  expect(lines).toEqual([{ progress: { done: 1, total: 2 } }, { id: 'x' }, { error: { code: 'A', message: 'b' } }]);
});
