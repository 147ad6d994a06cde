import { transitionOf } from '../../test/support/transitions';
import type { OwnAct } from '../ingest/self-audit';
import { Delivery } from './delivery';
import { Deliverer } from './deliverer';
import { deliveryTo, targetName } from './plan';
import { recipientGroup } from './recipient-group';
import { DeliveryError } from './retry';

const NOW = Date.UTC(2026, 10, 23, 9);
const hook = { name: 'hook', type: 'webhook', url: 'https://example.org/hook', secrets: [`whsec_${'A'.repeat(44)}`] };
const group = recipientGroup.parse({ channels: [hook] });

/** A deliverer whose message is refused for good, in a world where others act too. */
class World {
  readonly kept = new Map<string, Delivery>();
  readonly audited: OwnAct[] = [];
  readonly counted: string[] = [];
  now = NOW;
  /** What another worker does at the moment before our change arrives. */
  meanwhile: () => void = () => undefined;
  auditFails = false;

  deliverer(): Deliverer {
    const parts = [
      {
        get: (id: string) => Promise.resolve(this.kept.get(id)),
        take: () => Promise.resolve(0),
        save: (changed: Delivery) => {
          this.meanwhile();
          this.meanwhile = () => undefined;
          const isNewer = (this.kept.get(changed.id)?.revision ?? 0) < changed.revision;
          if (isNewer) this.kept.set(changed.id, changed);
          return Promise.resolve(isNewer);
        },
      },
      { load: () => Promise.resolve(new Map([['soc', { group }]])) },
      { send: () => Promise.reject(new DeliveryError('answered 410', { permanent: true })) },
      {
        record: (_tenant: string, act: OwnAct) => {
          if (this.auditFails) return Promise.reject(new Error('the buffer is away'));
          this.audited.push(act);
          return Promise.resolve('');
        },
      },
      { count: (_delivery: Delivery, outcome: string) => this.counted.push(outcome) },
      { now: () => this.now },
      { notify: { attempts: 3 } },
    ];
    return new Deliverer(...(parts as unknown as ConstructorParameters<typeof Deliverer>));
  }

  place(over: Partial<Delivery> = {}): string {
    const [channel] = group.channels;
    if (!channel) throw new Error('no channel');
    const transition = transitionOf({ tenant: 'acme', at: NOW });
    const base = deliveryTo('acme', 'soc', channel, hook.url, NOW);
    expect(base.target).toBe(targetName('acme', 'webhook', hook.url));
    const delivery: Delivery = { ...base, kind: 'opened', transition, ...over };
    this.kept.set(delivery.id, delivery);
    return delivery.id;
  }

  /** As another worker would. */
  change(id: string, to: Partial<Delivery>): void {
    const there = this.kept.get(id);
    if (there) this.kept.set(id, { ...there, ...to, revision: there.revision + 1 });
  }
}

describe('a notification that is given up', () => {
  it('is told of in the log only if nobody sent it meanwhile', async () => {
    const world = new World();
    const id = world.place();
    world.meanwhile = () => world.change(id, { state: 'sent', sentAt: NOW });
    expect(await world.deliverer().deliver(id)).toBeUndefined();
    expect(world.kept.get(id)).toMatchObject({ state: 'sent' });
    expect(world.audited).toEqual([]);
    expect(world.counted).toEqual([]);
  });

  it('is told of after all by whoever finds it, the same each time, when a worker died over it', async () => {
    const world = new World();
    const id = world.place();
    world.auditFails = true;
    await expect(world.deliverer().deliver(id)).rejects.toThrow('the buffer is away');
    expect(world.kept.get(id)).toMatchObject({ state: 'failed', attempts: 1 });
    world.auditFails = false;
    world.now += 60_000;
    await world.deliverer().deliver(id);
    world.now += 60_000;
    await world.deliverer().deliver(id);
    const [first, second] = world.audited;
    expect(world.audited).toHaveLength(2);
    expect(second).toEqual(first);
    expect(first).toMatchObject({
      eventType: 'AUDIT_NOTIFICATION_FAILED',
      occurredAt: new Date(NOW).toISOString(),
      details: { attempts: 1, reason: 'answered 410', recipient: 'soc' },
    });
    expect(first?.id).toBeDefined();
    expect(world.counted).toEqual(['failed']);
  });

  it('is told of by one that slept while another gave it up and died', async () => {
    const world = new World();
    const id = world.place();
    world.meanwhile = () => world.change(id, { state: 'failed', reason: 'answered 404' });
    await world.deliverer().deliver(id);
    expect(world.audited).toMatchObject([{ details: { reason: 'answered 404' } }]);
    expect(world.counted).toEqual([]);
  });

  it('is in no log of the tenant if it was a test', async () => {
    const world = new World();
    const id = world.place({ kind: 'test', transition: null });
    await world.deliverer().deliver(id);
    await world.deliverer().deliver(id);
    expect(world.kept.get(id)).toMatchObject({ state: 'failed' });
    expect(world.audited).toEqual([]);
    expect(world.counted).toEqual(['failed']);
  });
});

describe('a notification that was sent', () => {
  it('stays so, and is told of to nobody, when it comes again', async () => {
    const world = new World();
    const id = world.place({ state: 'sent', sentAt: NOW });
    expect(await world.deliverer().deliver(id)).toBeUndefined();
    expect(world.audited).toEqual([]);
    expect(world.counted).toEqual([]);
  });
});
