import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';

/** Runs `sdk.ts` in a process of its own; gives what it measured, µs. @throws Error if it fails */
export async function benchSdk(): Promise<unknown> {
  const register = join(__dirname, '../support/register.cjs');
  const child = spawn(process.execPath, ['--no-warnings', '-r', register, join(__dirname, 'sdk.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  const result = await text(child.stdout);
  const code = await ended;
  if (code !== 0) throw new Error(`the bench of the SDK ended with ${code}`);
  return JSON.parse(result) as unknown;
}
