import type { ReportRecord } from './report-record';
import type { ScheduleRecord } from './schedule';
import { Scheduler } from './scheduler';

const at = (iso: string) => Date.parse(iso);

const monthly: ScheduleRecord = {
  ...{ tenant: 'acme', name: 'monthly', version: 1, deleted: false, changedBy: 'apikey:1' },
  changedAt: at('2026-08-15T00:00:00Z'),
  schedule: {
    ...{ description: '', regulation: 'gdpr', period: 'previous_month', cron: '0 6 1 * *', timeZone: 'Europe/Lisbon' },
    ...{ language: 'en', formats: ['pdf'], groups: ['dpo'], mail: [], enabled: true },
  },
};

/** Workers on one store: `leads` says which of them is the leader. */
function workers(leads: boolean[], schedules = [monthly]) {
  const started = new Map<string, Pick<ReportRecord, 'request' | 'createdBy' | 'createdAt'>>();
  let orders = 0;
  let now = 0;
  const store = { find: (_: string, id: string) => Promise.resolve(started.get(id)) };
  const reports = {
    start: (_: string, id: string, asked: Pick<ReportRecord, 'request' | 'createdBy'>, createdAt: number) => {
      orders++;
      started.set(id, { ...asked, createdAt });
      return Promise.resolve();
    },
  };
  const all = leads.map((leader) => {
    const redis = { eval: () => Promise.resolve(leader ? 1 : 0) };
    const keys = { scheduleLeader: () => 'leader', scheduleFence: () => 'fence' };
    const parts = [{ enabled: () => Promise.resolve(schedules) }, store, reports, { now: () => now }, redis, keys];
    return new Scheduler(...(parts as unknown as ConstructorParameters<typeof Scheduler>));
  });
  return {
    /** All look at the same moment what is due. */
    tick: async (iso: string) => {
      now = at(iso);
      await Promise.all(all.map((each) => each.runDue()));
    },
    started: () => [...started.values()],
    orders: () => orders,
  };
}

describe('the scheduler', () => {
  it('starts a report when it is due, once, of the period before', async () => {
    const { tick, started, orders } = workers([true]);
    await tick('2026-11-01T05:59:59Z');
    await tick('2026-11-01T06:00:00Z');
    await tick('2026-11-01T06:00:05Z');
    await tick('2026-11-20T00:00:00Z');
    // The first tick finds the run of October owed, as at a start after a rest.
    expect(started().map(({ request }) => [request.from, request.to])).toEqual([
      ['2026-08-31T23:00:00.000Z', '2026-09-30T23:00:00.000Z'],
      ['2026-09-30T23:00:00.000Z', '2026-11-01T00:00:00.000Z'],
    ]);
    expect(orders()).toBe(2);
  });

  it('makes up for the latest run only, however many were missed', async () => {
    const { tick, started } = workers([true]);
    await tick('2026-12-24T00:00:00Z');
    expect(started()).toMatchObject([{ createdBy: 'schedule:monthly', createdAt: at('2026-12-01T06:00:00Z') }]);
  });

  it('is one of many workers', async () => {
    const { tick, orders } = workers([false, true, false]);
    await tick('2026-11-01T06:00:00Z');
    expect(orders()).toBe(1);
  });

  it('makes one report even where two believe that they lead', async () => {
    const { tick, started, orders } = workers([true, true]);
    await tick('2026-11-01T06:00:00Z');
    expect(orders()).toBe(2);
    expect(started()).toHaveLength(1);
  });

  it('goes by the clock of the schedule', async () => {
    const other = { ...monthly, schedule: { ...monthly.schedule, timeZone: 'America/Sao_Paulo' } };
    const { tick, started } = workers([true], [{ ...other, changedAt: at('2026-10-15T00:00:00Z') }]);
    await tick('2026-11-01T08:59:59Z');
    expect(started()).toEqual([]);
    await tick('2026-11-01T09:00:00Z');
    expect(started()).toHaveLength(1);
  });
});
