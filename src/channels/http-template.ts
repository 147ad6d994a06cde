import type { ChannelOf } from './recipient-group';
import { Notice, shortText } from './notice';

/** Characters of a message in a template: what telephones and chats take. */
const LONGEST = 1000;

/** The body of a message by the template of a channel, each value written as the content type needs it. */
export function filledBody({ body, contentType }: ChannelOf<'http'>, notice: Notice, to: string): string {
  const [alert] = notice.alerts;
  const values: Record<string, string> = {
    text: shortText(notice, LONGEST),
    title: notice.title,
    severity: notice.severity,
    rule: alert?.ruleId ?? '',
    link: notice.link ?? '',
    alertId: notice.kind === 'digest' ? '' : (alert?.alertId ?? ''),
    tenant: notice.tenant,
    id: notice.id,
    to,
  };
  return body.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : escaped(value, contentType);
  });
}

function escaped(value: string, contentType: ChannelOf<'http'>['contentType']): string {
  switch (contentType) {
    case 'application/json':
      return JSON.stringify(value).slice(1, -1);
    case 'application/x-www-form-urlencoded':
      return encodeURIComponent(value);
    case 'text/plain':
      return value;
  }
}
