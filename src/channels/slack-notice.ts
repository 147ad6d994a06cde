import { AlertFacts, groupText, Notice } from './notice';

const EMOJI = {
  info: ':information_source:',
  low: ':large_blue_circle:',
  medium: ':large_yellow_circle:',
  high: ':large_orange_circle:',
  critical: ':red_circle:',
} as const;
/** Slack takes 50 blocks in a message; a digest names so many alerts, and how many more there are. */
const MOST_ALERTS = 20;

/** What a Slack webhook takes: blocks, and the text for notifications. */
export function slackMessage(notice: Notice): { text: string; blocks: object[] } {
  const listed = notice.alerts.slice(0, MOST_ALERTS);
  const more = notice.more + notice.alerts.length - listed.length;
  const blocks: object[] = [
    { type: 'header', text: { type: 'plain_text', text: notice.title.slice(0, 150), emoji: false } },
    ...listed.map(section),
  ];
  if (notice.kind === 'test') blocks.push(text('This is a test: alerts arrive here.'));
  if (more > 0) blocks.push(text(`and ${more} more`));
  if (notice.link !== undefined) {
    const button = { type: 'button', text: { type: 'plain_text', text: 'Open in the console' }, url: notice.link };
    blocks.push({ type: 'actions', elements: [button] });
  }
  blocks.push({
    type: 'context',
    elements: [{ type: 'mrkdwn', text: `MCP Audit System, tenant ${escape(notice.tenant)}` }],
  });
  return { text: escape(notice.title), blocks };
}

function section(alert: AlertFacts): object {
  const lines = [
    `${EMOJI[alert.severity]} *${escape(alert.rule)}* (${alert.severity}) was ${alert.what}`,
    escape(alert.summary),
    escape(groupText(alert)),
    `${alert.counter} hits, ${alert.firstHitAt} to ${alert.lastHitAt}${alert.historical ? ', in imported history' : ''}`,
  ];
  return text(
    lines
      .filter((line) => line !== '')
      .join('\n')
      .slice(0, 3000),
  );
}

const text = (mrkdwn: string) => ({ type: 'section', text: { type: 'mrkdwn', text: mrkdwn } });
/** Slack reads these three as markup. */
const escape = (plain: string) => plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
