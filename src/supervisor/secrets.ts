import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const secrets = z.object({ clickhouseApplication: z.string(), clickhouseGrafana: z.string(), redis: z.string() });

/** Passwords of the embedded engines. Random, made on first start, kept in `<dataDir>/secrets.json` (0600). */
export type EngineSecrets = z.infer<typeof secrets>;

export async function engineSecrets(dataDir: string): Promise<EngineSecrets> {
  const file = join(dataDir, 'secrets.json');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const existing = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (existing !== undefined) return secrets.parse(JSON.parse(existing));
  const password = () => randomBytes(24).toString('hex');
  const made = { clickhouseApplication: password(), clickhouseGrafana: password(), redis: password() };
  await writePrivateFile(file, JSON.stringify(made, null, 2) + '\n');
  return made;
}

/** Writes a file that only we may read, atomically and durably. */
export async function writePrivateFile(file: string, content: string): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`;
  const handle = await open(draft, 'w', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  const directory = await open(dirname(file), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
