import { createServer, IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  path: string;
  method: string;
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** Answers when this has resolved. */
  when?: Promise<void>;
}

/** An HTTP server on loopback that keeps what it gets and answers as it is told, otherwise 200. */
export interface Receiver {
  url: string;
  port: number;
  received: Received[];
  answerNext: (...answers: Answer[]) => void;
  close: () => Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const answers: Answer[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url = '', method = '', headers } = request;
      received.push({ path: url, method, headers, body: Buffer.concat(chunks).toString('utf8'), at: Date.now() });
      const { status, headers: answered, when } = answers.shift() ?? { status: 200 };
      void (when ?? Promise.resolve()).then(() => response.writeHead(status, answered).end('thanks'));
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', () => ready()));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    port,
    received,
    answerNext: (...next) => void answers.push(...next),
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
