import { createHash } from 'node:crypto';
import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { WireEvent } from '../../src/sdk/types';

/** What one request gets instead of being taken. `hang` never answers, `cut` takes the events and breaks the connection. */
export type Refusal = { status: number; headers?: Record<string, string>; body?: unknown } | 'hang' | 'cut';

/** As much of the audit system as senders see, in this process: events by id, answers that a test scripts. */
export class FakeAuditServer {
  readonly events = new Map<string, WireEvent>();
  readonly requests: { headers: IncomingMessage['headers']; url: string; events: WireEvent[] }[] = [];
  /** Asked for every request before it is taken. */
  refuse: (events: WireEvent[]) => Refusal | undefined = () => undefined;
  /** Asked for every event. */
  reject: (event: WireEvent) => string | undefined = () => undefined;
  /** Whether events and requests are kept. */
  remember = true;
  /** Connections made since the start. */
  connections = 0;
  private server: Server | undefined;
  private port = 0;

  static async start(): Promise<FakeAuditServer> {
    const fake = new FakeAuditServer();
    await fake.up();
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Listens, on the port that it had before. */
  async up(): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => this.answer(request, response, Buffer.concat(chunks)));
    });
    server.on('connection', () => (this.connections += 1));
    this.server = server;
    await new Promise<void>((done) => server.listen(this.port, '127.0.0.1', done));
    this.port = (server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    const closed = new Promise((done) => server.close(done));
    server.closeAllConnections();
    await closed;
  }

  /** Descriptions of all events taken, sorted. */
  descriptions(): string[] {
    return [...this.events.values()].map((event) => event.description).sort();
  }

  private answer(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const text = gunzipSync(body).toString('utf8');
    const events = text.split('\n').map((line) => JSON.parse(line) as WireEvent);
    if (this.remember) this.requests.push({ headers: request.headers, url: request.url ?? '', events });
    const refusal = this.refuse(events);
    if (refusal === 'hang') return;
    if (refusal !== undefined && refusal !== 'cut') {
      response.writeHead(refusal.status, { 'content-type': 'application/json', ...refusal.headers });
      response.end(JSON.stringify(refusal.body ?? {}));
      return;
    }
    const errors = events.flatMap((event, index) => {
      const message = this.reject(event);
      return message === undefined ? [] : [{ index, problems: [{ path: 'eventType', message }] }];
    });
    const refused = new Set(errors.map(({ index }) => index));
    const taken = events.filter((_, index) => !refused.has(index));
    if (this.remember) for (const event of taken) this.events.set(event.id ?? '', event);
    if (refusal === 'cut') {
      response.destroy();
      return;
    }
    const status = errors.length === 0 ? 202 : taken.length > 0 ? 207 : 422;
    response.writeHead(status, { 'content-type': 'application/json' });
    const ids = taken.map((event) => event.id ?? '');
    const receipts = ids.map((id) => ({ id, checksum: '', leafHash: createHash('sha256').update(id).digest('hex') }));
    response.end(JSON.stringify({ accepted: ids.length, rejected: errors.length, ids, errors, receipts }));
  }
}
