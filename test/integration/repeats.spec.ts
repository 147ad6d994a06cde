import { uuidV7 } from '../../src/events/uuid';
import { BatchPlan, countByTenant, keptRuns, Segment } from '../../src/writer/batch';
import { OwnStores, ownStores } from '../support/engines';
import { OwnWriter, ownWriter } from '../support/own-writer';
import { freshTenant, putSegment } from '../support/segments';

describe('events that were sent more than once', () => {
  let stores: OwnStores;
  let own: OwnWriter;
  let tenant: string;
  let id: string;

  beforeAll(async () => {
    stores = await ownStores();
    own = await ownWriter(stores);
  });
  afterAll(() => stores.close());
  beforeEach(() => {
    tenant = freshTenant();
    id = uuidV7(Date.now());
  });

  const segment = (...events: object[]) =>
    putSegment(stores.redis, own.keys, tenant, events.length > 0 ? events : [{ id }]);
  const kept = (segments: Segment[], plan: BatchPlan) =>
    keptRuns(segments, plan).flatMap((run) => new Array<string>(run.count).fill(run.segment.id));
  const storedRows = async () => {
    const answer = await stores.clickhouse.query({
      query: 'SELECT toUInt32(count()) AS n FROM events WHERE tenant = {tenant:String}',
      query_params: { tenant },
      format: 'JSONEachRow',
    });
    return (await answer.json<{ n: number }>())[0]?.n;
  };

  it('keeps one of them when they meet in a batch after the later one had been claimed by an attempt that failed', async () => {
    const [first, second] = [await segment(), await segment()];
    await own.repeats.plan([second]);
    const plan = await own.repeats.plan([first, second]);
    expect(kept([first, second], plan)).toEqual([second.id]);
    expect(plan.duplicates).toEqual({ [tenant]: 1 });
  });

  it('still knows an event in flight after a repeat of it was dropped and committed', async () => {
    const inFlight = await segment();
    const plan = await own.repeats.plan([inFlight]);
    await own.manifests.sequence(plan, countByTenant([inFlight], plan), Date.now());
    await own.writer.write([await segment()]);
    const third = await segment();
    expect(kept([third], await own.repeats.plan([third]))).toEqual([]);
  });

  it('leaves no claims when a writer that slept plans what another has landed since', async () => {
    const segments = [await segment()];
    await own.writer.write(segments);
    const plan = await own.repeats.plan(segments);
    expect(plan.duplicates).toEqual({ [tenant]: 1 });
    expect(await stores.redis.exists(own.keys.claims(tenant))).toBe(0);
  });

  it('stores one of many repeats in flight at the same time, whoever writes them', async () => {
    const segments = await Promise.all(Array.from({ length: 8 }, () => segment()));
    await Promise.all([
      own.writer.write(segments.slice(0, 3)),
      own.writer.write(segments.slice(3, 4)),
      own.writer.write(segments.slice(4)),
    ]);
    expect(await storedRows()).toBe(1);
  });
});
