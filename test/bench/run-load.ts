import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { LoadJob, LoadResult } from './load';

/** Runs the load generator in a process of its own. @throws Error if it fails, or if a request was not answered by 202 */
export async function runLoad(job: LoadJob): Promise<LoadResult> {
  const register = join(__dirname, '../support/register.cjs');
  const child = spawn(process.execPath, ['-r', register, join(__dirname, 'load.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(job));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  if (code !== 0) throw new Error(`the load generator ended with ${code}`);
  const result = JSON.parse(text) as LoadResult;
  if (result.failed + result.refused > 0) {
    throw new Error(`${result.refused} requests were refused and ${result.failed} failed`);
  }
  return result;
}
