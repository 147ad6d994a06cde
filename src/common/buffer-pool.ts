/** Shorter buffers cost little and are left to the garbage collector. */
const SHORTEST = 64 * 1024;
/** What waits for its next use at most, bytes. */
const MOST = 64 * 1024 * 1024;

/**
 * Large buffers that are used again. Memory outside of the heap makes the garbage collector of V8 run whenever 64 MiB have come
 * and gone, and each run goes through the whole heap: at full load it took a sixth of a process.
 */
export class BufferPool {
  private readonly free = new Map<number, Buffer[]>();
  private waiting = 0;

  /** A buffer of at least so many bytes, with anything in it. */
  take(bytes: number): Buffer {
    if (bytes < SHORTEST) return Buffer.allocUnsafe(bytes);
    const size = sizeOf(bytes);
    const found = this.free.get(size)?.pop();
    if (!found) return Buffer.allocUnsafeSlow(size);
    this.waiting -= size;
    return found;
  }

  /** Takes a buffer back that was taken here, as a whole. Nobody may hold it any more, nor a part of it. */
  give(buffer: Buffer): void {
    const size = buffer.length;
    if (size < SHORTEST || size !== sizeOf(size) || this.waiting + size > MOST) return;
    const others = this.free.get(size);
    if (others) others.push(buffer);
    else this.free.set(size, [buffer]);
    this.waiting += size;
  }
}

/** The power of two that holds so many bytes. */
const sizeOf = (bytes: number): number => 2 ** Math.ceil(Math.log2(Math.max(bytes, SHORTEST)));

/** The buffers of this process. */
export const BUFFERS = new BufferPool();
