import type { AlertTransition } from '../alerts/transition';
import { SEVERITIES } from '../events/event-types';
import { isReference } from '../keys/subject-record';
import type { Delivery } from './delivery';

type Severity = AlertTransition['alert']['severity'];

/** One alert as people are told of it. */
export interface AlertFacts {
  alertId: string;
  /** `opened`, `escalated` … in words. */
  what: string;
  severity: Severity;
  rule: string;
  ruleId: string;
  summary: string;
  /** What it is about, such as `ipAddress 203.0.113.9`. */
  group: { field: string; value: string }[];
  counter: number;
  firstHitAt: string;
  lastHitAt: string;
  historical: boolean;
  link: string | undefined;
}

/** What a message says, whatever the channel. */
export interface Notice {
  id: string;
  tenant: string;
  kind: Delivery['kind'];
  severity: Severity;
  /** One line. */
  title: string;
  alerts: AlertFacts[];
  /** Alerts of a digest that `alerts` does not list any more. */
  more: number;
  link: string | undefined;
}

/** Alerts that a digest lists; it tells how many others there are. */
const LISTED = 50;

const WHAT: Record<AlertTransition['kind'], string> = {
  opened: 'opened',
  escalated: 'escalated: nobody has acknowledged it',
  acknowledged: 'acknowledged',
  resolved: 'resolved',
  reopened: 'opened again',
  commented: 'commented on',
  assigned: 'assigned',
};

/** Fields that may stand in a message: they name machines and kinds. Any other could name a person in plain. */
const SHOWN = new Set([
  ...['ipAddress', 'eventType', 'category', 'severity', 'outcome', 'service', 'resourceType', 'country', 'currency'],
]);

export function noticeOf(delivery: Delivery, items: readonly AlertTransition[], publicUrl: string | undefined): Notice {
  const steps = delivery.transition ? [delivery.transition] : items;
  const alerts = steps.map((step) => factsOf(step, publicUrl));
  const [first] = alerts;
  const severity = alerts.reduce<Severity>((top, { severity: s }) => (rank(s) > rank(top) ? s : top), 'info');
  const base = { id: delivery.id, tenant: delivery.tenant, kind: delivery.kind, severity };
  if (delivery.kind === 'test' || !first) {
    const title = `Test message to ${delivery.group} by ${delivery.channel}`;
    return { ...base, title, alerts: [], more: 0, link: publicUrl && consoleUrl(publicUrl) };
  }
  if (delivery.kind === 'digest') {
    const title = `[${severity.toUpperCase()}] ${alerts.length} ${alerts.length === 1 ? 'alert' : 'alerts'}`;
    const worst = [...alerts].sort((a, b) => rank(b.severity) - rank(a.severity));
    const link = publicUrl && consoleUrl(publicUrl, 'alerts');
    return { ...base, title, alerts: worst.slice(0, LISTED), more: Math.max(0, worst.length - LISTED), link };
  }
  const prefix = delivery.kind === 'opened' ? '' : `${delivery.kind}: `;
  return {
    ...base,
    title: oneLine(`[${severity.toUpperCase()}] ${prefix}${first.rule}: ${first.summary}`),
    alerts,
    more: 0,
    link: first.link,
  };
}

/** The same in plain text, as short as a telephone bears. */
export function shortText(notice: Notice, longest: number): string {
  const [first] = notice.alerts;
  const about = notice.alerts.length === 1 && first ? ` ${groupText(first)}` : '';
  const text = `${notice.title}${about}`;
  const link = notice.link === undefined ? '' : ` ${notice.link}`;
  const room = Math.max(0, longest - link.length);
  return `${text.length > room ? `${text.slice(0, Math.max(0, room - 1))}…` : text}${link}`;
}

export const groupText = ({ group }: AlertFacts): string => group.map((g) => `${g.field} ${g.value}`).join(', ');

export const consoleUrl = (publicUrl: string, ...path: string[]): string =>
  [publicUrl.replace(/\/+$/, ''), 'console', ...path.map(encodeURIComponent)].join('/');

function factsOf({ kind, alert }: AlertTransition, publicUrl: string | undefined): AlertFacts {
  return {
    alertId: alert.id,
    what: WHAT[kind],
    severity: alert.severity,
    rule: oneLine(alert.ruleName),
    ruleId: alert.ruleId,
    summary: oneLine(alert.summary),
    group: Object.entries(alert.group).map(([field, value]) => ({ field, value: shown(field, value) })),
    counter: alert.counter,
    firstHitAt: utc(alert.firstHitAt),
    lastHitAt: utc(alert.lastHitAt),
    historical: alert.historical,
    link: publicUrl && consoleUrl(publicUrl, 'alerts', alert.id),
  };
}

/** A value as it may leave the system: who is meant stands in the console, for those who may see it. */
export const shown = (field: string, value: string): string =>
  SHOWN.has(field) || isReference(value) ? oneLine(value) : '(see the console)';

const rank = (severity: Severity) => SEVERITIES.indexOf(severity);
const oneLine = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
const utc = (ms: number) => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
