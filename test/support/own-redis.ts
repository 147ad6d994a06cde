import { ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../src/supervisor/free-port';

/** A Redis server of a test's own, which it may stop, suspend and fill at will; durable as the real one is. */
export class OwnRedis {
  private process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly dir: string,
  ) {}

  static async start(): Promise<OwnRedis> {
    const server = new OwnRedis(await freePort(), await mkdtemp(join(tmpdir(), 'mcp-audit-redis-')));
    await server.up();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`;
  }

  /** Starts it on its data; resolves when it answers. */
  async up(): Promise<void> {
    const options = { port: this.port, bind: '127.0.0.1', appendonly: 'yes', appendfsync: 'always', dir: this.dir };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.process = spawn('redis-server', [...args, '--save', '', '--maxmemory-policy', 'noeviction'], {
      stdio: 'ignore',
    });
    const client = new Redis(this.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
    client.on('error', () => {
      // Expected until it listens; ping() below waits for that.
    });
    await client.ping();
    client.disconnect();
  }

  signal(signal: NodeJS.Signals): void {
    this.process?.kill(signal);
  }

  /** Kills it, so that only what was on disk is there at the next `up`. */
  async kill(): Promise<void> {
    const { process } = this;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const exited = new Promise((done) => process.once('exit', done));
    process.kill('SIGKILL');
    await exited;
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.dir, { recursive: true, force: true });
  }
}
