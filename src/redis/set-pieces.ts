import { Command } from 'ioredis';
import { BUFFERS } from '../common/buffer-pool';

/**
 * The command SET with a value in several pieces. The library would join them, then copy them into the request, and again into the
 * transaction that they are part of; this copies them once, into a buffer that is used again.
 */
export class SetPieces extends Command {
  private sent: Buffer | undefined;

  /** @param seconds after which the value is gone, unless somebody persists it */
  constructor(
    private readonly key: string,
    private readonly pieces: readonly Buffer[],
    private readonly seconds: number,
  ) {
    super('set', [key, 'pieces', 'EX', seconds], { replyEncoding: 'utf8' });
  }

  /** In the protocol of Redis (RESP). */
  override toWritable(): Buffer {
    const { key, pieces, seconds } = this;
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const head = `*5\r\n$3\r\nSET\r\n$${Buffer.byteLength(key)}\r\n${key}\r\n$${length}\r\n`;
    const tail = `\r\n$2\r\nEX\r\n$${String(seconds).length}\r\n${seconds}\r\n`;
    const out = BUFFERS.take(Buffer.byteLength(head) + length + tail.length);
    let at = out.write(head);
    for (const piece of pieces) {
      out.set(piece, at);
      at += piece.length;
    }
    at += out.write(tail, at);
    this.sent = out;
    return out.subarray(0, at);
  }

  /** Gives the buffer of the request back; only after Redis has answered, since then it has all of it. */
  release(): void {
    if (this.sent) BUFFERS.give(this.sent);
    this.sent = undefined;
  }
}
