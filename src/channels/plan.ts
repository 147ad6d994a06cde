import type { AlertTransition } from '../alerts/transition';
import { SEVERITIES } from '../events/event-types';
import { Delivery, deliveryIdOf, fingerprint } from './delivery';
import { quietUntil } from './quiet-hours';
import {
  Channel,
  ChannelType,
  isForPeople,
  maskedTarget,
  RecipientGroup,
  RecipientRecord,
  targetsOf,
} from './recipient-group';

/** Steps of an alert that people are told of; what they do themselves they know. */
const FOR_PEOPLE: readonly AlertTransition['kind'][] = ['opened', 'escalated', 'reopened'];
/** Steps that a machine needs to keep a picture of its own. */
const FOR_MACHINES: readonly AlertTransition['kind'][] = [...FOR_PEOPLE, 'acknowledged', 'resolved'];

const concerns = (channel: Channel, { kind, alert }: AlertTransition): boolean =>
  channel.enabled &&
  (isForPeople(channel.type) ? FOR_PEOPLE : FOR_MACHINES).includes(kind) &&
  SEVERITIES.indexOf(alert.severity) >= SEVERITIES.indexOf(channel.minSeverity);

/** What names an address of a tenant in ids and keys. */
export const targetName = (tenant: string, type: ChannelType, target: string): string =>
  fingerprint(tenant, type, target);

/**
 * Who is told of a step, and how: one delivery for each address, however many groups it is in. What quiet hours hold back has
 * a `dueAt`. Pure. A group that nobody has set up, or that has no channel for this, gives one that is skipped, so that it shows.
 */
export function planDeliveries(
  transition: AlertTransition,
  groups: ReadonlyMap<string, RecipientRecord>,
  now: number,
): Delivery[] {
  const planned = new Map<string, Delivery>();
  const put = (delivery: Delivery) => {
    const known = planned.get(delivery.id);
    // In two groups, an address is told as soon as one of them lets it be.
    if (!known || (delivery.dueAt ?? 0) < (known.dueAt ?? 0)) planned.set(delivery.id, delivery);
  };
  for (const name of transition.recipients) {
    const group = groups.get(name)?.group;
    const unreachable = whyUnreachable(group);
    if (!group || unreachable !== undefined) {
      if (FOR_PEOPLE.includes(transition.kind)) put(skipped(transition, name, unreachable ?? '', now));
      continue;
    }
    for (const channel of group.channels.filter((c) => concerns(c, transition))) {
      const dueAt = isForPeople(channel.type) ? heldUntil(group, transition, now) : undefined;
      for (const target of new Set(targetsOf(channel))) {
        const base = deliveryTo(transition.tenant, name, channel, target, now);
        const id = deliveryIdOf(transition, channel.type, base.target);
        const held = dueAt === undefined ? {} : { state: 'held' as const, dueAt, reason: 'quiet hours' };
        put({ ...base, id, kind: transition.kind, at: transition.at, transition, ...held });
      }
    }
  }
  return [...planned.values()];
}

/** A message to one address of a channel, ready to be sent; the caller says what it is about. */
export function deliveryTo(tenant: string, group: string, channel: Channel, target: string, now: number): Delivery {
  return {
    id: '',
    tenant,
    revision: 1,
    kind: 'test',
    group,
    channel: channel.name,
    type: channel.type,
    target: targetName(tenant, channel.type, target),
    destination: maskedTarget(channel, target),
    state: 'queued',
    reason: null,
    attempts: 0,
    at: now,
    createdAt: now,
    updatedAt: now,
    dueAt: null,
    sentAt: null,
    digest: null,
    transition: null,
  };
}

function heldUntil({ quietHours }: RecipientGroup, { alert }: AlertTransition, now: number): number | undefined {
  if (!quietHours || (alert.severity === 'critical' && !quietHours.holdCritical)) return undefined;
  return quietUntil(quietHours, now);
}

function whyUnreachable(group: RecipientGroup | undefined): string | undefined {
  if (!group) return 'nobody has set this group up; see "mcp-audit recipients set"';
  if (!group.enabled) return 'the group is switched off';
  if (!group.channels.some(({ enabled }) => enabled)) return 'the group has no channel';
  return undefined;
}

function skipped(transition: AlertTransition, group: string, reason: string, now: number): Delivery {
  const { tenant, kind, at } = transition;
  return {
    ...{ tenant, kind, group, at, transition, reason },
    id: deliveryIdOf(transition, 'none', group),
    revision: 1,
    channel: '',
    type: 'none',
    target: '',
    destination: '',
    state: 'skipped',
    attempts: 0,
    createdAt: now,
    updatedAt: now,
    dueAt: null,
    sentAt: null,
    digest: null,
  };
}
