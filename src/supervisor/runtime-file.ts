import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writePrivateFile } from './secrets';

/** How to reach the system that runs on a data directory: `<dataDir>/runtime.json` (0600, the URLs hold passwords). */
export const runtime = z.object({
  url: z.string(),
  pid: z.number().int(),
  startedAt: z.string(),
  clickhouseUrl: z.string(),
  redisUrl: z.string(),
  grafanaPassword: z.string().optional(),
});
export type Runtime = z.infer<typeof runtime>;

const fileIn = (dataDir: string) => join(dataDir, 'runtime.json');

/** The runtime file of a system that is alive, or undefined. */
export async function readRuntime(dataDir: string): Promise<Runtime | undefined> {
  let text: string;
  try {
    text = await readFile(fileIn(dataDir), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const found = runtime.parse(JSON.parse(text));
  return isAlive(found.pid) ? found : undefined;
}

export async function writeRuntime(dataDir: string, content: Runtime): Promise<void> {
  await writePrivateFile(fileIn(dataDir), JSON.stringify(content, null, 2) + '\n');
}

export async function removeRuntime(dataDir: string): Promise<void> {
  await rm(fileIn(dataDir), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
