import { z } from 'zod';
import { AppError } from '../common/app-error';
import { SEVERITIES } from '../events/event-types';
import { derivedUuidV7 } from '../events/uuid';
import type { GroupHits } from '../rules/group-hits';
import { groupKey } from '../rules/hit';
import { AlertTransition, TRANSITIONS } from './transition';

const MINUTE = 60_000;
/** Ids of events that an alert names: the first ones and the latest. */
const NAMED_EVENTS = 10;
/** Steps that the history of an alert holds. */
const LONGEST_HISTORY = 500;

export const STATUSES = ['open', 'acknowledged', 'resolved'] as const;
export const RESOLUTIONS = ['true_positive', 'false_positive', 'benign', 'duplicate', 'other'] as const;

const step = z.object({
  kind: z.enum(TRANSITIONS),
  /** ms since the epoch. */
  at: z.number(),
  by: z.string(),
  /** Comment, reason of the resolution, or who it was assigned to. */
  text: z.string().optional(),
});

/** An alert as it is kept. Times in ms since the epoch. */
export const alertRecord = z.object({
  id: z.string(),
  tenant: z.string(),
  /** Rises with every change. */
  revision: z.number().int(),
  ruleId: z.string(),
  ruleVersion: z.number().int(),
  ruleName: z.string(),
  severity: z.enum(SEVERITIES),
  status: z.enum(STATUSES),
  group: z.record(z.string(), z.string()),
  summary: z.string(),
  counter: z.number().int(),
  peak: z.number(),
  firstHitAt: z.number(),
  lastHitAt: z.number(),
  events: z.array(z.string()),
  openedAt: z.number(),
  historical: z.boolean(),
  recipients: z.array(z.string()),
  cooldownMs: z.number(),
  escalation: z.array(z.object({ afterMs: z.number(), recipients: z.array(z.string()) })),
  level: z.number().int(),
  dueAt: z.number().nullable(),
  /** From when on the steps of escalation count: its opening or reopening. */
  escalatesFrom: z.number(),
  acknowledgedBy: z.string().nullable(),
  acknowledgedAt: z.number().nullable(),
  resolvedBy: z.string().nullable(),
  resolvedAt: z.number().nullable(),
  resolution: z.enum(RESOLUTIONS).nullable(),
  reason: z.string().nullable(),
  assignee: z.string().nullable(),
  history: z.array(step),
});
export type AlertRecord = z.output<typeof alertRecord>;

/** Hits that raise an alert. */
export interface Raise extends GroupHits {
  ruleVersion: number;
}

/** What the system itself does is done by this. */
export const SYSTEM = 'mcp-audit';

/** One alert is unresolved for a rule and group at a time: this names the place. */
export const slotOf = (ruleId: string, group: Raise['group']): string => `${ruleId}|${groupKey(group)}`;

/** The id follows from rule, group and first hit, so the same alert cannot be opened twice. */
export function alertIdOf(tenant: string, raise: Raise): string {
  const { rule, group, firstHitAt, firstEventId } = raise;
  return derivedUuidV7(`alert ${tenant} ${slotOf(rule.id, group)} ${firstHitAt} ${firstEventId ?? ''}`, firstHitAt);
}

/** A new alert. Steps of escalation that are due at once are taken with its opening. */
export function openAlert(tenant: string, raise: Raise, now: number, historical: boolean): AlertRecord {
  const { rule, group, firstHitAt, lastHitAt, counter, peak, summary } = raise;
  const escalation = rule.escalation.map((s) => ({ afterMs: s.afterMinutes * MINUTE, recipients: s.recipients }));
  const level = escalation.filter((s) => s.afterMs === 0).length;
  return {
    id: alertIdOf(tenant, raise),
    tenant,
    revision: 1,
    ruleId: rule.id,
    ruleVersion: raise.ruleVersion,
    ruleName: rule.name,
    severity: rule.severity,
    status: 'open',
    ...{ group, summary, counter, peak, firstHitAt, lastHitAt, historical, escalation, level },
    events: eventsOf(raise),
    openedAt: now,
    recipients: rule.recipients,
    cooldownMs: rule.cooldownMinutes * MINUTE,
    dueAt: dueAfter(escalation, level, now),
    escalatesFrom: now,
    acknowledgedBy: null,
    acknowledgedAt: null,
    resolvedBy: null,
    resolvedAt: null,
    resolution: null,
    reason: null,
    assignee: null,
    history: [{ kind: 'opened', at: now, by: SYSTEM }],
  };
}

/** The same alert with further hits. */
export function raiseAlert(alert: AlertRecord, raise: Raise): AlertRecord {
  const [first = [], rest] = [alert.events.slice(0, NAMED_EVENTS / 2), alert.events.slice(NAMED_EVENTS / 2)];
  const latest = [...rest, ...eventsOf(raise).filter((id) => !alert.events.includes(id))];
  return {
    ...alert,
    revision: alert.revision + 1,
    counter: alert.counter + raise.counter,
    peak: Math.max(alert.peak, raise.peak),
    firstHitAt: Math.min(alert.firstHitAt, raise.firstHitAt),
    lastHitAt: Math.max(alert.lastHitAt, raise.lastHitAt),
    events: [...first, ...latest.slice(-NAMED_EVENTS / 2)],
  };
}

const eventsOf = ({ firstEventId, lastEventId }: Raise): string[] => [
  ...new Set([firstEventId, lastEventId].filter((id) => id !== undefined)),
];

function dueAfter(escalation: AlertRecord['escalation'], level: number, from: number): number | null {
  const next = escalation[level];
  return next ? from + next.afterMs : null;
}

/** What a person may do with an alert. */
export type Act =
  | { kind: 'acknowledged'; text?: string | undefined }
  | { kind: 'resolved'; text: string; resolution: AlertRecord['resolution'] }
  | { kind: 'reopened'; text?: string | undefined }
  | { kind: 'commented'; text: string }
  | { kind: 'assigned'; text: string };

/** @throws AppError 409 if the alert is not in a state for this */
export function actOn(alert: AlertRecord, act: Act, by: string, now: number): AlertRecord {
  if (alert.history.length >= LONGEST_HISTORY && act.kind !== 'resolved') {
    throw new AppError('ALERT_HISTORY_FULL', 409, 'the history of this alert is full; resolve it');
  }
  const next: AlertRecord = {
    ...alert,
    revision: alert.revision + 1,
    history: [...alert.history, { kind: act.kind, at: now, by, ...(act.text !== undefined && { text: act.text }) }],
  };
  switch (act.kind) {
    case 'acknowledged':
      if (alert.status === 'acknowledged') {
        throw refused('ALERT_ACKNOWLEDGED', `it was acknowledged already, by ${alert.acknowledgedBy ?? ''}`);
      }
      if (alert.status === 'resolved') throw refused('ALERT_RESOLVED', 'it is resolved; reopen it first');
      return { ...next, status: 'acknowledged', acknowledgedBy: by, acknowledgedAt: now, dueAt: null };
    case 'resolved':
      if (alert.status === 'resolved') {
        throw refused('ALERT_RESOLVED', `it was resolved already, by ${alert.resolvedBy ?? ''}`);
      }
      return {
        ...next,
        status: 'resolved',
        resolvedBy: by,
        resolvedAt: now,
        resolution: act.resolution,
        reason: act.text,
        dueAt: null,
      };
    case 'reopened':
      if (alert.status !== 'resolved') throw refused('ALERT_NOT_RESOLVED', `it is ${alert.status}, not resolved`);
      return {
        ...next,
        status: 'open',
        ...{ acknowledgedBy: null, acknowledgedAt: null, resolvedBy: null, resolvedAt: null },
        ...{ resolution: null, reason: null, level: 0, escalatesFrom: now },
        dueAt: dueAfter(alert.escalation, 0, now),
      };
    case 'commented':
      return next;
    case 'assigned':
      return { ...next, assignee: act.text };
  }
}

const refused = (code: string, message: string) => new AppError(code, 409, message);

/** The next step of escalation, if it is due: nobody has acknowledged in time. */
export function escalate(alert: AlertRecord, now: number): AlertRecord | undefined {
  if (alert.status !== 'open' || alert.dueAt === null || alert.dueAt > now) return undefined;
  const level = alert.level + 1;
  return {
    ...alert,
    revision: alert.revision + 1,
    level,
    dueAt: dueAfter(alert.escalation, level, alert.escalatesFrom),
    history: [...alert.history, { kind: 'escalated', at: now, by: SYSTEM }],
  };
}

/** The step that has just led to `alert`, for those who are told of it. */
export function transitionOf(alert: AlertRecord): AlertTransition {
  const last = alert.history.at(-1) ?? { kind: 'opened', at: alert.openedAt, by: SYSTEM };
  const { id, ruleId, ruleName, severity, status, group, summary, firstHitAt, lastHitAt, counter, openedAt } = alert;
  const { historical, events, acknowledgedBy, resolvedBy, assignee } = alert;
  return {
    id: `${id}/${alert.revision}`,
    kind: last.kind,
    tenant: alert.tenant,
    at: last.at,
    by: last.by,
    recipients: recipientsOf(alert, last.kind),
    alert: {
      ...{ id, ruleId, ruleName, severity, status, group, summary, firstHitAt, lastHitAt, counter, openedAt },
      ...{ historical, events, acknowledgedBy, resolvedBy, assignee },
      escalationLevel: alert.level,
      escalationDueAt: alert.dueAt,
    },
  };
}

function recipientsOf({ recipients, escalation, level }: AlertRecord, kind: AlertTransition['kind']): string[] {
  const taken = escalation.slice(0, level);
  if (kind === 'escalated') {
    const of = taken.at(-1)?.recipients ?? [];
    return of.length > 0 ? of : recipients;
  }
  return [...new Set([...recipients, ...taken.flatMap((s) => s.recipients)])];
}
