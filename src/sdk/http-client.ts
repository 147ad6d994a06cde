import * as http from 'node:http';
import * as https from 'node:https';

export interface HttpAnswer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** An answer larger than this is none of ours. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Speaks to one server over connections that stay open. Idle ones do not keep the process alive. */
export class HttpClient {
  private readonly base: URL;
  private readonly agent: http.Agent;
  private readonly send: typeof http.request;

  constructor(
    url: string,
    private readonly headers: Readonly<Record<string, string>>,
    private readonly timeoutMs: number,
    connections: number,
  ) {
    this.base = new URL(`${url.replace(/\/+$/, '')}/`);
    const secure = this.base.protocol === 'https:';
    const options = { keepAlive: true, maxSockets: connections, scheduling: 'lifo' as const };
    this.agent = secure ? new https.Agent(options) : new http.Agent(options);
    this.send = secure ? https.request : http.request;
  }

  /** Any status is an answer; rejects only if there is none in time. @param path below the URL of the server */
  request(method: string, path: string, headers: Record<string, string> = {}, body?: Buffer): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const target = new URL(path, this.base);
      const length = body ? { 'content-length': String(body.length) } : {};
      const options = { method, agent: this.agent, headers: { ...this.headers, ...headers, ...length } };
      const request = this.send(target, options, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES) request.destroy(new Error('the answer is too large'));
          else chunks.push(chunk);
        });
        response.on('end', () => {
          clearTimeout(timer);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          });
        });
        response.on('error', fail);
        response.on('aborted', () => fail(new Error('the connection broke off')));
      });
      const fail = (error: Error) => {
        clearTimeout(timer);
        reject(error);
      };
      const timer = setTimeout(
        () => request.destroy(new Error(`no answer within ${this.timeoutMs} ms`)),
        this.timeoutMs,
      );
      request.on('error', fail);
      request.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
