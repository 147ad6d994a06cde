import { createHmac } from 'node:crypto';
import { transitionOf } from '../../test/support/transitions';
import type { Delivery } from './delivery';
import { filledBody } from './http-template';
import { mailOf } from './mail-notice';
import { noticeOf, shortText } from './notice';
import { pagerDutyEvent } from './pagerduty-event';
import { deliveryTo } from './plan';
import { completeGroup, groupView, recipientGroup, recipientGroupInput } from './recipient-group';
import { slackMessage } from './slack-notice';
import { signedHeaders, webhookBody } from './standard-webhook';

const NOW = Date.UTC(2026, 10, 23, 9);
const URL_ = 'https://audit.example.org/';
const { channels } = recipientGroup.parse({ channels: [{ name: 'mail', type: 'mail', to: ['soc@example.org'] }] });
const [mail] = channels;
const delivery = (step: ReturnType<typeof transitionOf> | null, over: Partial<Delivery> = {}): Delivery => {
  if (!mail) throw new Error('no channel');
  const base = deliveryTo('acme', 'security_team', mail, 'soc@example.org', NOW);
  return { ...base, id: 'd-1', kind: step?.kind ?? 'test', transition: step, ...over };
};

describe('a mail', () => {
  it('names severity and rule in its subject, links to the console, and is the same in text and HTML', () => {
    const step = transitionOf({ alert: { id: 'a-1', ruleName: 'Brute <force>' } });
    const { subject, text, html } = mailOf(noticeOf(delivery(step), [], URL_), delivery(step), 'soc@example.org');
    expect(subject).toBe('[HIGH] Brute <force>: LOGIN_FAILED: 5 times within 15 minutes');
    for (const body of [text, html]) {
      expect(body).toContain('https://audit.example.org/console/alerts/a-1');
      expect(body).toContain('203.0.113.9');
      expect(body).toContain('2026-11-23 08:59:00 UTC');
    }
    expect(html).toContain('Brute &lt;force&gt;');
    expect(html).not.toContain('<force>');
  });

  it('shows references of people, and no value that could name one', () => {
    const reference = `sub_${'a'.repeat(22)}`;
    const group = { userId: reference, subjectId: 'anna@example.org', 'details.customer': 'Anna Silva' };
    const step = transitionOf({ alert: { group } });
    const { text, html } = mailOf(noticeOf(delivery(step), [], undefined), delivery(step), 'soc@example.org');
    for (const body of [text, html, webhookBody(delivery(step), undefined)]) {
      expect(body).toContain(reference);
      expect(body).not.toMatch(/anna/i);
    }
    expect(text).toContain(`mcp-audit alerts show ${step.alert.id}`);
  });

  it('lets nobody add headers by the name of a rule', () => {
    const step = transitionOf({ alert: { ruleName: 'x\r\nBcc: all@example.org' } });
    expect(noticeOf(delivery(step), [], URL_).title).toBe(
      '[HIGH] x Bcc: all@example.org: LOGIN_FAILED: 5 times within 15 minutes',
    );
  });

  it('as a digest lists the worst first, and says how many more there are', () => {
    const steps = Array.from({ length: 60 }, (_, i) =>
      transitionOf({ alert: { severity: i === 59 ? 'critical' : 'low', ruleName: `Rule ${i}` } }),
    );
    const digest = delivery(null, { kind: 'digest' });
    const { subject, text } = mailOf(noticeOf(digest, steps, URL_), digest, 'soc@example.org');
    expect(subject).toBe('[CRITICAL] 60 alerts');
    expect(text.indexOf('Rule 59 (critical)')).toBeLessThan(text.indexOf('Rule 0 (low)'));
    expect(text).toContain('and 10 more');
  });
});

describe('a Slack message', () => {
  it('escapes what Slack reads as markup, and has a button to the console', () => {
    const step = transitionOf({ alert: { ruleName: '<!channel> & co' } });
    const { text, blocks } = slackMessage(noticeOf(delivery(step), [], URL_));
    expect(text).toContain('&lt;!channel&gt; &amp; co');
    expect(JSON.stringify(blocks.slice(1))).not.toContain('<!channel>');
    expect(blocks).toMatchObject([{ type: 'header' }, { type: 'section' }, { type: 'actions' }, { type: 'context' }]);
    expect(JSON.stringify(blocks)).toContain(`https://audit.example.org/console/alerts/${step.alert.id}`);
  });
});

describe('a short text', () => {
  it('keeps its link when it is cut', () => {
    const notice = noticeOf(delivery(transitionOf({ alert: { id: 'a-1', summary: 'x'.repeat(500) } })), [], URL_);
    const text = shortText(notice, 160);
    expect(text).toHaveLength(160);
    expect(text).toMatch(/… https:\/\/audit\.example\.org\/console\/alerts\/a-1$/);
  });

  it('stands in a template as its content type needs it', () => {
    const notice = noticeOf(delivery(transitionOf({ alert: { ruleName: 'a "b" & c' } })), [], undefined);
    const body = (contentType: string, template: string) => {
      const { channels: made } = recipientGroup.parse({
        channels: [{ name: 'h', type: 'http', url: 'https://x.example.org', contentType, body: template }],
      });
      const [http] = made;
      if (http?.type !== 'http') throw new Error('no channel');
      return filledBody(http, notice, '+351210000000');
    };
    expect(JSON.parse(body('application/json', '{"m":"{{title}}","to":"{{ to }}","x":"{{other}}"}'))).toEqual({
      m: '[HIGH] a "b" & c: LOGIN_FAILED: 5 times within 15 minutes',
      to: '+351210000000',
      x: '{{other}}',
    });
    expect(body('application/x-www-form-urlencoded', 'to={{to}}')).toBe('to=%2B351210000000');
  });
});

describe('a webhook', () => {
  it('is signed as Standard Webhooks says, once with each secret', () => {
    const [old, fresh] = [Buffer.alloc(32, 1), Buffer.alloc(24, 2)];
    const secrets = [`whsec_${fresh.toString('base64')}`, old.toString('base64')];
    const headers = signedHeaders('msg_1', '{"a":1}', secrets, NOW + 999);
    const by = (key: Buffer) =>
      createHmac('sha256', key)
        .update(`msg_1.${NOW / 1000}.{"a":1}`)
        .digest('base64');
    expect(headers).toEqual({
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(NOW / 1000),
      'webhook-signature': `v1,${by(fresh)} v1,${by(old)}`,
    });
  });
});

describe('an event for PagerDuty', () => {
  it('makes one incident of the steps of an alert', () => {
    const step = (kind: 'opened' | 'escalated' | 'acknowledged' | 'resolved') =>
      pagerDutyEvent(
        delivery(transitionOf({ kind, alert: { id: 'a-1' } })),
        noticeOf(delivery(transitionOf({ kind })), [], URL_),
        'R0',
      );
    expect([step('opened'), step('escalated'), step('acknowledged'), step('resolved')]).toMatchObject([
      { event_action: 'trigger', dedup_key: 'mcp-audit/acme/a-1', routing_key: 'R0', payload: { severity: 'error' } },
      { event_action: 'trigger', dedup_key: 'mcp-audit/acme/a-1' },
      { event_action: 'acknowledge', dedup_key: 'mcp-audit/acme/a-1' },
      { event_action: 'resolve', dedup_key: 'mcp-audit/acme/a-1' },
    ]);
  });
});

describe('a recipient group', () => {
  const pager = { name: 'pager', type: 'pagerduty' };
  const input = (...given: object[]) => recipientGroupInput.parse({ channels: given });
  const record = (group: ReturnType<typeof completeGroup>) => ({
    ...{ name: 'security_team', group, version: 1, deleted: false, changedBy: 'test', changedAt: NOW },
  });

  it('keeps secrets that are not sent, and never shows them', () => {
    const first = completeGroup(input({ ...pager, routingKey: 'R-SECRET' }), undefined);
    const second = completeGroup(input({ ...pager, minSeverity: 'high' }), first);
    expect(second.channels).toMatchObject([{ routingKey: 'R-SECRET', minSeverity: 'high' }]);
    const view = groupView(record(second));
    expect(view.channels).toMatchObject([{ name: 'pager', secretsSet: ['routingKey'] }]);
    expect(JSON.stringify(view)).not.toContain('R-SECRET');
  });

  it('wants the secret of a new channel, and does not give it that of another', () => {
    const first = completeGroup(input({ ...pager, routingKey: 'R-SECRET' }), undefined);
    expect(() => completeGroup(input({ ...pager, name: 'other' }), first)).toThrow('channels.0.routingKey');
    expect(() => completeGroup(input({ name: 'pager', type: 'slack' }), first)).toThrow('channels.0.url');
  });
});
