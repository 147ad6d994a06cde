import { transitionOf } from '../../test/support/transitions';
import { configuredGroups, groupsInForce } from './recipient-defaults';
import { planDeliveries } from './plan';
import { recipientGroup, RecipientRecord } from './recipient-group';

const NIGHT = Date.UTC(2026, 10, 23, 23);
const QUIET = { start: '22:00', end: '06:00' };
const MAIL = { name: 'mail', type: 'mail', to: ['soc@example.org'] };
const HOOK = {
  name: 'hook',
  type: 'webhook',
  url: 'https://hooks.example.org/a',
  secrets: [Buffer.alloc(32).toString('base64')],
};
const PAGER = { name: 'pager', type: 'pagerduty', routingKey: 'R0' };

const groups = (content: Record<string, object>): Map<string, RecipientRecord> =>
  new Map(
    Object.entries(content).map(([name, group]) => [
      name,
      { name, group: recipientGroup.parse(group), version: 1, deleted: false, changedBy: 'test', changedAt: 1 },
    ]),
  );
const plan = (step: ReturnType<typeof transitionOf>, content: Record<string, object>, now = NIGHT) =>
  planDeliveries(step, groups(content), now).map(({ group, channel, state, dueAt, destination }) => ({
    group,
    channel,
    state,
    destination,
    ...(dueAt !== null && { dueAt: new Date(dueAt).toISOString() }),
  }));

describe('planDeliveries', () => {
  it('makes one message for each address, the same ones for the same step', () => {
    const step = transitionOf({ recipients: ['security_team'] });
    const team = {
      security_team: { channels: [{ ...MAIL, to: ['a@example.org', 'b@example.org', 'a@example.org'] }, HOOK] },
    };
    const ids = () => planDeliveries(step, groups(team), NIGHT).map(({ id }) => id);
    expect(plan(step, team).map(({ destination }) => destination)).toEqual([
      'a***@example.org',
      'b***@example.org',
      'hooks.example.org',
    ]);
    expect(ids()).toEqual(ids());
    expect(
      new Set([...ids(), ...planDeliveries({ ...step, id: 'x/2' }, groups(team), NIGHT).map(({ id }) => id)]).size,
    ).toBe(6);
  });

  it('tells an address once though it is in two groups, as soon as one of them lets it be', () => {
    const step = transitionOf({ recipients: ['security_team', 'ciso'] });
    const both = { security_team: { quietHours: QUIET, channels: [MAIL] }, ciso: { channels: [MAIL] } };
    expect(plan(step, both)).toMatchObject([{ group: 'ciso', state: 'queued' }]);
  });

  it('holds back what is for people in quiet hours, but nothing critical unless that is said', () => {
    const content = { security_team: { quietHours: QUIET, channels: [MAIL, HOOK, PAGER] } };
    expect(plan(transitionOf(), content)).toMatchObject([
      { channel: 'mail', state: 'held', dueAt: '2026-11-24T06:00:00.000Z' },
      { channel: 'hook', state: 'queued' },
      { channel: 'pager', state: 'queued' },
    ]);
    const critical = transitionOf({ alert: { severity: 'critical' } });
    expect(plan(critical, content)[0]).toMatchObject({ channel: 'mail', state: 'queued' });
    const strict = { security_team: { quietHours: { ...QUIET, holdCritical: true }, channels: [MAIL] } };
    expect(plan(critical, strict)).toMatchObject([{ state: 'held' }]);
    expect(plan(transitionOf(), content, NIGHT + 8 * 3_600_000)[0]).toMatchObject({ state: 'queued' });
  });

  it('goes by the severity of each channel, and leaves out what is switched off', () => {
    const content = {
      security_team: {
        channels: [
          { ...MAIL, minSeverity: 'high' },
          { ...PAGER, minSeverity: 'critical' },
          { ...HOOK, enabled: false },
        ],
      },
    };
    expect(plan(transitionOf(), content).map(({ channel }) => channel)).toEqual(['mail']);
    expect(plan(transitionOf({ alert: { severity: 'medium' } }), content)).toEqual([]);
    expect(plan(transitionOf({ alert: { severity: 'critical' } }), content).map(({ channel }) => channel)).toEqual([
      'mail',
      'pager',
    ]);
  });

  it('spares people what they do themselves, and tells machines', () => {
    const content = { security_team: { channels: [MAIL, HOOK, PAGER] } };
    const channels = (kind: 'acknowledged' | 'resolved' | 'commented' | 'escalated') =>
      plan(transitionOf({ kind }), content).map(({ channel }) => channel);
    expect(channels('acknowledged')).toEqual(['hook', 'pager']);
    expect(channels('resolved')).toEqual(['hook', 'pager']);
    expect(channels('commented')).toEqual([]);
    expect(channels('escalated')).toEqual(['mail', 'hook', 'pager']);
  });

  it('shows a group that nobody has set up', () => {
    expect(plan(transitionOf({ recipients: ['dpo'] }), {})).toMatchObject([{ group: 'dpo', state: 'skipped' }]);
    expect(plan(transitionOf({ recipients: ['dpo'] }), { dpo: { channels: [] } })).toMatchObject([
      { state: 'skipped' },
    ]);
  });
});

describe('groupsInForce', () => {
  const none = { security_team: [], security: [], ciso: [], finance_team: [], compliance: [], dpo: [], legal: [] };
  const configured = configuredGroups({
    mail: { ...none, security_team: ['soc@example.org'], dpo: ['dpo@example.org'] },
    slackWebhook: 'https://hooks.slack.com/services/T/B/x',
  });

  it('begins with what the configuration names', () => {
    const names = [...groupsInForce(configured, []).values()].map((r) => [r.name, r.group.channels.map((c) => c.type)]);
    expect(names).toEqual([
      ['dpo', ['mail']],
      ['security', ['slack']],
      ['security_team', ['mail', 'slack']],
    ]);
  });

  it('goes by what a tenant has stored, also when it has deleted a group', () => {
    const [dpo] = [...groups({ dpo: { channels: [] } }).values()];
    if (!dpo) throw new Error('no group');
    expect(groupsInForce(configured, [dpo]).get('dpo')?.group.channels).toEqual([]);
    expect(groupsInForce(configured, [{ ...dpo, deleted: true }]).has('dpo')).toBe(false);
  });
});
