import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import type { Mail } from '../mail/mailer';
import type { Delivery } from './delivery';
import type { Notice } from './notice';

const COLOUR = { info: '#64748b', low: '#2563eb', medium: '#b45309', high: '#c2410c', critical: '#b91c1c' } as const;

const renderer = Handlebars.create();
const template = (name: string, options: CompileOptions) =>
  renderer.compile(readFileSync(join(__dirname, 'templates', name), 'utf8'), { strict: true, ...options });
const asText = template('notice.text.hbs', { noEscape: true });
const asHtml = template('notice.html.hbs', {});

/** The mail that says what a notice says. */
export function mailOf(notice: Notice, { group }: Pick<Delivery, 'group'>, to: string): Mail {
  const view = {
    ...notice,
    group,
    isTest: notice.kind === 'test',
    colour: COLOUR[notice.severity],
    alerts: notice.alerts.map((alert) => ({ ...alert, colour: COLOUR[alert.severity] })),
    // A single alert has its link beside it.
    link: notice.kind === 'digest' || notice.kind === 'test' ? notice.link : undefined,
  };
  return { to, id: notice.id, subject: notice.title, text: asText(view), html: asHtml(view) };
}
