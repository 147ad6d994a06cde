import { createServer, connect, Server, Socket } from 'node:net';

/** Which way bytes go: `up` from the client to the server. */
export type Direction = 'up' | 'down';

/** What a trap looks at: one chunk on its way, before it is passed on. */
export interface Passing {
  direction: Direction;
  chunk: Buffer;
  /** Bytes sent up since the server last answered on this connection, this chunk included. */
  request: number;
  /** The first bytes of that request. */
  head: string;
}

/** Looks at every chunk until it answers something else than `pass`: `cut` resets the connection in place of passing it on. */
export type Trap = (passing: Passing) => 'pass' | 'cut' | 'done';

interface Link {
  client: Socket;
  server: Socket;
  request: number;
  head: string;
}

const HEAD_BYTES = 4096;

/**
 * A TCP proxy on loopback that can misbehave: cut connections at a chosen byte, swallow answers, delay, or fall silent.
 * Without a fault it only passes bytes on.
 */
export class TcpProxy {
  private readonly links = new Set<Link>();
  private readonly traps = new Set<Trap>();
  private silentUntil = 0;
  private delayMs = 0;

  private constructor(
    private readonly server: Server,
    readonly port: number,
    private readonly target: number,
  ) {
    server.on('connection', (client) => this.accept(client));
  }

  /** Listens on `port` (default: a free one) and passes on to `target`, both on loopback. */
  static start(target: number, port = 0): Promise<TcpProxy> {
    const server = createServer({ noDelay: true });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        const address = server.address();
        resolve(new TcpProxy(server, typeof address === 'object' && address ? address.port : port, target));
      });
    });
  }

  get connections(): number {
    return this.links.size;
  }

  /** Resets all connections now; returns how many. */
  cutAll(): number {
    const cut = [...this.links];
    for (const link of cut) reset(link);
    return cut.length;
  }

  /** Sets a trap; resolves with true when it cut or was done, with false when it was taken away after `timeoutMs`. */
  trap(decide: Trap, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (sprung: boolean) => {
        clearTimeout(timer);
        this.traps.delete(trap);
        resolve(sprung);
      };
      const trap: Trap = (passing) => {
        const verdict = decide(passing);
        if (verdict !== 'pass') end(true);
        return verdict;
      };
      const timer = setTimeout(() => end(false), timeoutMs);
      this.traps.add(trap);
    });
  }

  /** Delays every chunk, either way, by so many ms; 0 ends it. */
  delay(ms: number): void {
    this.delayMs = ms;
  }

  /** Passes nothing on for so long, and neither closes nor refuses a connection: what a lost route looks like. */
  blackHole(ms: number): void {
    this.silentUntil = Date.now() + ms;
  }

  /** Ends all faults. */
  heal(): void {
    this.silentUntil = 0;
    this.delayMs = 0;
  }

  async close(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(client: Socket): void {
    const server = connect({ port: this.target, host: '127.0.0.1', noDelay: true });
    const link: Link = { client, server, request: 0, head: '' };
    this.links.add(link);
    this.pass(link, client, server, 'up');
    this.pass(link, server, client, 'down');
    const gone = () => {
      this.links.delete(link);
      // An end that is not a reset is passed on by `pass`; here one side is already gone.
      if (!client.destroyed) client.destroySoon();
      if (!server.destroyed) server.destroySoon();
    };
    for (const socket of [client, server]) {
      socket.on('error', () => reset(link));
      socket.on('close', gone);
    }
  }

  private pass(link: Link, from: Socket, to: Socket, direction: Direction): void {
    let order = Promise.resolve();
    const forward = async (chunk: Buffer) => {
      if (this.delayMs > 0) await pause(this.delayMs);
      while (Date.now() < this.silentUntil && !from.destroyed) await pause(20);
      if (to.destroyed) return;
      if (this.inspect(link, direction, chunk)) reset(link);
      else if (!to.write(chunk)) await drained(to);
    };
    from.on('data', (chunk: Buffer) => {
      from.pause();
      order = order.then(() => forward(chunk)).then(() => void from.resume());
    });
    from.on('end', () => {
      order = order.then(() => void to.end());
    });
  }

  /** Whether a trap cuts here. */
  private inspect(link: Link, direction: Direction, chunk: Buffer): boolean {
    if (direction === 'up') {
      if (link.request === 0) link.head = '';
      if (link.head.length < HEAD_BYTES) link.head += chunk.toString('latin1', 0, HEAD_BYTES - link.head.length);
      link.request += chunk.length;
    }
    const passing = { direction, chunk, request: link.request, head: link.head };
    const cut = [...this.traps].some((trap) => trap(passing) === 'cut');
    if (direction === 'down') link.request = 0;
    return cut;
  }
}

function reset({ client, server }: Link): void {
  client.resetAndDestroy();
  server.resetAndDestroy();
}

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
  });
}
