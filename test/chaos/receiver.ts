import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { Random } from '../../src/cli/demo/random';

/** A message as the receiver knows it: the same `webhook-id` is the same message, however often it comes. */
export interface Received {
  tenant: string;
  alertId: string;
  kind: string;
  times: number;
}

const message = z.object({
  type: z.string(),
  data: z.object({ tenant: z.string(), alert: z.object({ id: z.string() }) }),
});

/** Finds out who sent, by the port of the sender's end; what it returns strikes. */
export type Aim = (senderPort: number) => () => void;

/** Where notifications of alerts go. Now and then it is not in the mood, or takes one and says nothing. */
export class Receiver {
  readonly messages = new Map<string, Received>();
  private aimed: ((request: IncomingMessage, answer: ServerResponse) => void) | undefined;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(random: Random): Promise<Receiver> {
    const server = createServer((request, answer) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => undefined); // The sender was killed: it will come again.
      request.on('end', () => {
        if (random.chance(0.05)) return answer.writeHead(503).end();
        receiver.take(String(request.headers['webhook-id']), Buffer.concat(chunks).toString());
        if (receiver.aimed) return receiver.aimed(request, answer);
        return random.chance(0.05) ? request.destroy() : answer.writeHead(204).end();
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const receiver = new Receiver(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return receiver;
  }

  /**
   * Strikes when the next message was taken: right after its answer has gone, or in place of it. Resolves with false if none
   * came in time.
   */
  aimAtNext(aim: Aim, answersFirst: boolean, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (struck: boolean) => {
        clearTimeout(timer);
        this.aimed = undefined;
        resolve(struck);
      };
      const timer = setTimeout(() => end(false), timeoutMs);
      this.aimed = (request, answer) => {
        this.aimed = undefined;
        const strike = aim(request.socket.remotePort ?? 0);
        const struck = () => {
          strike();
          end(true);
        };
        if (answersFirst) return answer.writeHead(204).end(struck);
        struck();
        return request.destroy();
      };
    });
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private take(id: string, body: string): void {
    const { type, data } = message.parse(JSON.parse(body));
    const known = this.messages.get(id);
    if (known) known.times += 1;
    else {
      const kind = type.replace('alert.', '');
      this.messages.set(id, { tenant: data.tenant, alertId: data.alert.id, kind, times: 1 });
    }
  }
}
