import type { StoredCheckpoint } from './ledger-store';
import { Witness } from './witness';

const at = (tenant: string, size: number): StoredCheckpoint => ({
  tenant,
  size,
  note: `${tenant} ${size}`,
  signedAt: 0,
});
const settled = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

class Place {
  readonly got: string[][] = [];
  readonly told: string[] = [];
  private waiting: { resolve: () => void; reject: (error: Error) => void } | undefined;
  readonly witness = new Witness(
    'place',
    (batch) => {
      this.got.push(batch.map(({ note }) => note));
      return new Promise((resolve, reject) => (this.waiting = { resolve, reject }));
    },
    () => 4711,
    (_, outcome) => this.told.push(outcome),
    1,
  );

  async takes(): Promise<void> {
    this.waiting?.resolve();
    await settled();
  }
  async refuses(reason: string): Promise<void> {
    const seen = this.got.length;
    this.waiting?.reject(new Error(reason));
    while (this.got.length === seen) await new Promise((done) => setImmediate(done));
  }
}

describe('a witness', () => {
  it('gets one delivery at a time, and then the newest of each tenant that came meanwhile', async () => {
    const place = new Place();
    place.witness.announce([at('a', 1)]);
    place.witness.announce([at('a', 2), at('b', 1)]);
    place.witness.announce([at('a', 3)]);
    expect(place.got).toEqual([['a 1']]);
    await place.takes();
    expect(place.got).toEqual([['a 1'], ['a 3', 'b 1']]);
    await place.takes();
    expect(place.told).toEqual(['taken', 'taken']);
  });

  it('is tried until it takes, with what is newest then, and says since when and why it fails', async () => {
    const place = new Place();
    place.witness.announce([at('a', 1), at('b', 1)]);
    await place.refuses('gone');
    expect(place.witness.failure).toEqual({ since: 4711, reason: 'gone' });
    place.witness.announce([at('a', 2)]);
    await place.refuses('still gone');
    expect(place.got.at(-1)).toEqual(['a 2', 'b 1']);
    await place.takes();
    expect(place.witness.failure).toBeUndefined();
    expect(place.told).toEqual(['failed', 'failed', 'taken']);
  });

  it('ends when it is stopped, though its place is away', async () => {
    const refusing = new Witness(
      'away',
      () => Promise.reject(new Error('gone')),
      Date.now,
      () => undefined,
    );
    refusing.announce([at('a', 1)]);
    await settled();
    await refusing.stop();
    refusing.announce([at('a', 2)]);
    await expect(refusing.stop()).resolves.toBeUndefined();
  });
});
