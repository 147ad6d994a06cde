import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uuidV7 } from '../events/uuid';
import { decodeReceipts, encodeReceipt, Receipt, ReceiptFiles } from './receipts';

const receipt = (over: Partial<Receipt> = {}): Receipt => ({
  id: uuidV7(Date.now()),
  leafHash: 'ab'.repeat(32),
  at: 1_795_000_000_123,
  unsure: false,
  ...over,
});

describe('receipts', () => {
  it('are read as they were written, but for what a crash tore', () => {
    const all = [receipt(), receipt({ unsure: true }), receipt()];
    const bytes = Buffer.concat(all.map(encodeReceipt));
    expect(decodeReceipts(bytes)).toEqual(all);
    expect(decodeReceipts(bytes.subarray(0, -1))).toEqual(all.slice(0, 2));
    const torn = Buffer.concat([encodeReceipt(receipt()).subarray(0, 20), ...all.map(encodeReceipt)]);
    expect(decodeReceipts(torn).map(({ id }) => id)).toEqual(expect.arrayContaining(all.slice(1).map(({ id }) => id)));
  });

  describe('on disk', () => {
    let dir: string;
    beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'mcp-audit-receipts-'))));
    afterEach(() => rm(dir, { recursive: true, force: true }));

    it('are kept newest first, as many as wanted at least and twice as many at most', async () => {
      const files = new ReceiptFiles(dir, 10);
      const all = Array.from({ length: 55 }, () => receipt());
      for (const one of all) await files.append([one]);
      const kept = await new ReceiptFiles(dir, 10).list();
      expect(kept.length).toBeGreaterThanOrEqual(10);
      expect(kept.length).toBeLessThanOrEqual(20);
      expect(kept).toEqual(all.slice(-kept.length).reverse());
      expect(await readdir(dir)).toEqual(['receipts', 'receipts.1']);
    });

    it('hold the first that came for an event, and go on after a torn one', async () => {
      const files = new ReceiptFiles(dir, 10);
      const first = receipt();
      await files.append([first]);
      await appendFile(join(dir, 'receipts'), 'torn');
      const next = receipt();
      await files.append([{ ...first, leafHash: 'cd'.repeat(32) }, next]);
      expect(await files.list()).toEqual(expect.arrayContaining([first, next]));
    });
  });
});
