import { execFile } from 'node:child_process';
import { mkdir, open, rm, statfs, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const BALLAST = 'ballast';

/** A file system of a fixed size (ext4 in a file) that can be filled to the last block. Needs root. */
export class SmallDisk {
  private constructor(
    readonly name: string,
    private readonly path: string,
  ) {}

  /**
   * Makes one and mounts it at `path`.
   * @throws if this user may not mount, or the machine has no loop devices
   */
  static async mount(name: string, path: string, image: string, bytes: number): Promise<SmallDisk> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await (await open(image, 'w', 0o600)).close();
    await truncate(image, bytes);
    try {
      await run('mkfs.ext4', ['-q', '-m', '0', image]);
      await run('mount', ['-o', 'loop', image, path]);
    } catch (error) {
      await rm(image, { force: true });
      throw error;
    }
    return new SmallDisk(name, path);
  }

  /** Takes all space that is left. */
  async fill(): Promise<void> {
    const file = join(this.path, BALLAST);
    await this.takeMost(file);
    // Then what still goes, so that the servers' next write fails.
    const handle = await open(file, 'a');
    const block = Buffer.alloc(4096);
    try {
      for (;;) await handle.write(block);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      await handle.close();
    }
  }

  /** All but the last mebibyte at once; again where somebody took of it between the question and the taking. */
  private async takeMost(file: string): Promise<void> {
    for (;;) {
      const { bavail, bsize } = await statfs(this.path);
      const most = bavail * bsize - 1024 * 1024;
      if (most <= 0) return;
      try {
        await run('fallocate', ['-l', String(most), file]);
        return;
      } catch (error) {
        if (!(error instanceof Error && error.message.includes('No space left'))) throw error;
        await rm(file, { force: true });
      }
    }
  }

  /** Gives the space back. */
  async relieve(): Promise<void> {
    await rm(join(this.path, BALLAST), { force: true });
  }

  async unmount(): Promise<void> {
    await run('umount', ['-l', this.path]);
  }
}
