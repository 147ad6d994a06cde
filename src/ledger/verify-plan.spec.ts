import { planVerification } from './verify-plan';
import type { SoundVerification } from './verify-store';

const DAY = 86_400_000;
const done = (kind: 'full' | 'incremental', first: number, size: number, startedAt: number): SoundVerification => ({
  ...{ kind, first, size, startedAt, checkpoint: `checkpoint of ${size}` },
});

describe('the plan of a scheduled verification', () => {
  it('is everything at first, and again when that is too long ago', () => {
    expect(planVerification([], 0, DAY)).toEqual({ from: 0, checkpoints: [] });
    const sound = [done('full', 0, 10, 0), done('incremental', 10, 20, DAY - 1)];
    expect(planVerification(sound, DAY, DAY)).toEqual({ from: 0, checkpoints: ['checkpoint of 20'] });
  });

  it('goes on where no gap lies before', () => {
    const sound = [done('full', 0, 10, 0), done('incremental', 8, 20, 1), done('incremental', 30, 40, 2)];
    expect(planVerification(sound, 3, DAY)).toEqual({ from: 20, checkpoints: ['checkpoint of 40'] });
  });
});
