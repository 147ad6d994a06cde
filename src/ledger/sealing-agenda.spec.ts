import type { Round } from './sealer';
import { SealingAgenda } from './sealing-agenda';

const round = (parts: Partial<Round> = {}): Round => ({
  ...{ leaves: 0, checkpoints: [], unfinished: [], missing: new Map(), alarms: new Map() },
  ...parts,
});
const checkpoint = (tenant: string, size: number, signedAt: number) => ({ tenant, size, signedAt, note: '' });

describe('the agenda of the sealer', () => {
  it('takes up a tenant once, and tells how long it waited', () => {
    const agenda = new SealingAgenda(0);
    agenda.landed('a', 100);
    agenda.landed('a', 200);
    expect(agenda.begin(300).tenants).toEqual(['a']);
    expect(agenda.begin(300).tenants).toEqual([]);
    expect(agenda.finish(round({ checkpoints: [checkpoint('a', 5, 340)] }), 350).waited).toEqual([250]);
    expect(agenda.state(400)).toEqual({ lagMs: 0, sealed: 5, halted: {} });
  });

  it('keeps what lands during a round for the next', () => {
    const agenda = new SealingAgenda(0);
    agenda.landed('a', 100);
    agenda.begin(100);
    agenda.landed('a', 110);
    agenda.finish(round(), 120);
    expect(agenda.begin(130).tenants).toEqual(['a']);
  });

  it('does a failed round again, and counts the time since the events landed as lag', () => {
    const agenda = new SealingAgenda(0);
    agenda.landed('a', 100);
    agenda.begin(200);
    expect(agenda.state(300).lagMs).toBe(200);
    agenda.fail(300);
    expect(agenda.state(500).lagMs).toBe(400);
    expect(agenda.begin(600).tenants).toEqual(['a']);
  });

  it('says when more tenants wait than one round takes', () => {
    const agenda = new SealingAgenda(0);
    for (let i = 0; i < 201; i++) agenda.landed(`t${i}`, 0);
    expect(agenda.begin(0)).toMatchObject({ more: true });
    agenda.finish(round(), 0);
    expect(agenda.begin(0)).toMatchObject({ tenants: ['t200'], more: false });
  });

  it('renews checkpoints that are older than the heartbeat, if there is one', () => {
    const [beating, silent] = [new SealingAgenda(1000), new SealingAgenda(0)];
    for (const agenda of [beating, silent]) agenda.known(checkpoint('a', 5, 100));
    expect(beating.begin(1099).tenants).toEqual([]);
    expect(beating.begin(1100)).toMatchObject({ tenants: ['a'], renew: new Set(['a']) });
    expect(silent.begin(1e9).tenants).toEqual([]);
  });

  it('stops a ledger with an alarm for a minute, tells of each reason once, and goes on when it is well again', () => {
    const agenda = new SealingAgenda(0);
    const roundWith = (now: number, reason?: string) => {
      agenda.begin(now);
      return agenda.finish(round({ alarms: new Map(reason === undefined ? [] : [['a', reason]]) }), now).stopped;
    };
    agenda.landed('a', 0);
    expect(roundWith(0, 'x')).toEqual([{ tenant: 'a', reason: 'x' }]);
    agenda.landed('a', 1);
    expect(agenda.begin(59_999).tenants).toEqual([]);
    expect(roundWith(60_000, 'x')).toEqual([]);
    expect(roundWith(120_000, 'y')).toEqual([{ tenant: 'a', reason: 'y' }]);
    expect(agenda.state(120_000).halted).toEqual({ a: 'y' });
    expect(roundWith(180_000)).toEqual([]);
    expect(agenda.state(180_000).halted).toEqual({});
  });

  it('raises an alarm over a committed leaf only when it stays missing', () => {
    const agenda = new SealingAgenda(0);
    const roundAt = (now: number, leaf: number | undefined) => {
      agenda.landed('a', now);
      agenda.begin(now);
      return agenda.finish(round({ missing: new Map(leaf === undefined ? [] : [['a', leaf]]) }), now).stopped;
    };
    expect(roundAt(0, 4)).toEqual([]);
    expect(roundAt(59_000, 4)).toEqual([]);
    expect(roundAt(60_000, 5)).toEqual([]);
    expect(roundAt(119_000, undefined)).toEqual([]);
    expect(roundAt(120_000, 5)).toEqual([]);
    expect(agenda.state(170_000).lagMs).toBe(50_000);
    expect(roundAt(180_000, 5)).toEqual([
      { tenant: 'a', reason: 'leaf 5 was committed, but no event is stored for it' },
    ]);
  });
});
