import { z } from 'zod';
import { AppError } from '../common/app-error';
import { SEVERITIES } from '../events/event-types';

/** The groups that the source of this system and the default rules name; others may be made. */
export const KNOWN_GROUPS = [
  'security_team',
  'security',
  'ciso',
  'finance_team',
  'compliance',
  'dpo',
  'legal',
] as const;

export const GROUP_NAME = /^[a-z][a-z0-9_-]{0,63}$/;
export const CHANNEL_TYPES = ['mail', 'slack', 'sms', 'http', 'webhook', 'pagerduty'] as const;
export type ChannelType = (typeof CHANNEL_TYPES)[number];

/** Channels that end at a person: quiet hours and digests are for them. A machine gets every step as it happens. */
export const isForPeople = (type: ChannelType): boolean => type !== 'webhook' && type !== 'pagerduty';

const TIME_OF_DAY = /^(?:[01]\d|2[0-3]):[0-5]\d$/;
const httpUrl = z
  .string()
  .max(2000)
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
    error: 'must be a URL such as https://hooks.example.org/alerts',
  })
  .refine((text) => !URL.canParse(text) || new URL(text).username === '', {
    error: 'must hold no user name; use a field that is kept secret',
  });
const phone = z.string().regex(/^\+[1-9]\d{5,14}$/, 'must be a number such as +351210000000');
/** Standard Webhooks: base64 of 24 to 64 bytes, after `whsec_`. */
export const signingSecret = z.string().refine(
  (text) => {
    const base64 = text.replace(/^whsec_/, '');
    const { length } = Buffer.from(base64, 'base64');
    return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) && length >= 24 && length <= 64;
  },
  { error: 'must be whsec_ and 24 to 64 random bytes in base64; make one with "openssl rand -base64 32"' },
);

const common = {
  name: z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must be small letters, digits, - and _, such as mail'),
  enabled: z.boolean().default(true),
  minSeverity: z.enum(SEVERITIES).default('info').describe('Alerts of this severity or a higher one'),
  ratePerMinute: z
    .number()
    .int()
    .min(1)
    .max(6000)
    .optional()
    .describe('Messages a minute to one address at most; by default what the kind of channel bears'),
};
const mail = z.strictObject({ ...common, type: z.literal('mail'), to: z.array(z.email().max(254)).min(1).max(50) });
const slack = z.strictObject({
  ...common,
  type: z.literal('slack'),
  url: httpUrl.describe('Incoming webhook; secret'),
});
const sms = z.strictObject({
  ...common,
  type: z.literal('sms'),
  to: z.array(phone).min(1).max(50),
  from: z.string().min(1).max(40),
  accountSid: z.string().regex(/^[A-Za-z0-9]{1,64}$/, 'must be letters and digits'),
  authToken: z.string().min(1).max(200).describe('Secret'),
  url: httpUrl.default('https://api.twilio.com').describe('Where the API is; paths are those of Twilio'),
});
const http = z.strictObject({
  ...common,
  type: z.literal('http'),
  url: httpUrl.describe('Secret'),
  method: z.enum(['POST', 'PUT']).default('POST'),
  contentType: z
    .enum(['application/json', 'application/x-www-form-urlencoded', 'text/plain'])
    .default('application/json'),
  body: z
    .string()
    .max(10_000)
    .describe(
      'Template: {{text}}, {{title}}, {{severity}}, {{rule}}, {{link}}, {{alertId}}, {{tenant}}, {{to}}, {{id}}',
    )
    .meta({ example: '{"to": "{{to}}", "message": "{{text}}"}' }),
  headers: z
    .record(
      z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header'),
      z
        .string()
        .max(2000)
        .regex(/^[\t\x20-\x7e]*$/),
    )
    .default({})
    .describe('Secret'),
  to: z.array(z.string().min(1).max(254)).max(50).default([]).describe('One message each; empty: one in all'),
});
const webhook = z.strictObject({
  ...common,
  type: z.literal('webhook'),
  url: httpUrl,
  secrets: z
    .array(signingSecret)
    .min(1)
    .max(3)
    .describe('Secret; each message is signed with all of them, newest first'),
});
const pagerduty = z.strictObject({
  ...common,
  type: z.literal('pagerduty'),
  routingKey: z.string().min(1).max(200).describe('Secret'),
  url: httpUrl.default('https://events.pagerduty.com/v2/enqueue'),
});

const channel = z.discriminatedUnion('type', [mail, slack, sms, http, webhook, pagerduty]);
export type Channel = z.output<typeof channel>;
export type ChannelOf<T extends ChannelType> = Extract<Channel, { type: T }>;

/** As people send it: secrets that are left out stay as they are. */
const channelInput = z.discriminatedUnion('type', [
  mail,
  slack.partial({ url: true }),
  sms.partial({ authToken: true }),
  http.partial({ url: true }).extend({ headers: http.shape.headers.unwrap().optional().describe('Secret') }),
  webhook.partial({ secrets: true }),
  pagerduty.partial({ routingKey: true }),
]);

/** Fields that come in and never go out. */
export const SECRETS: Record<ChannelType, readonly string[]> = {
  mail: [],
  slack: ['url'],
  sms: ['authToken'],
  http: ['url', 'headers'],
  webhook: ['secrets'],
  pagerduty: ['routingKey'],
};

const secretsSet = z.array(z.string()).describe('Fields that are kept and never shown');
const channelView = z.discriminatedUnion('type', [
  mail.extend({ secretsSet }),
  slack.omit({ url: true }).extend({ secretsSet }),
  sms.omit({ authToken: true }).extend({ secretsSet }),
  http.omit({ url: true, headers: true }).extend({ secretsSet }),
  webhook.omit({ secrets: true }).extend({ secretsSet }),
  pagerduty.omit({ routingKey: true }).extend({ secretsSet }),
]);

const quietHours = z
  .strictObject({
    start: z.string().regex(TIME_OF_DAY, 'must be a time such as 22:00'),
    end: z.string().regex(TIME_OF_DAY, 'must be a time such as 06:00; before `start` it is of the next day'),
    timezone: z.string().refine(isZone, 'must be an IANA time zone such as Europe/Lisbon').default('UTC'),
    days: z
      .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
      .min(1)
      .optional()
      .describe('Days on which they begin; all by default'),
    holdCritical: z.boolean().default(false).describe('Whether critical alerts wait too'),
  })
  .refine(({ start, end }) => start !== end, { error: 'must differ from `start`', path: ['end'] });
export type QuietHours = z.output<typeof quietHours>;

const group = {
  description: z.string().max(1000).default(''),
  enabled: z.boolean().default(true),
  quietHours: quietHours.optional().describe('Messages to people wait till they end, and then come as one'),
};
const named = <T extends { name: string }>(channels: readonly T[]) =>
  new Set(channels.map(({ name }) => name)).size === channels.length;
const distinct = { error: 'two channels have the same name' };

export const recipientGroup = z.strictObject({ ...group, channels: z.array(channel).max(20).refine(named, distinct) });
export type RecipientGroup = z.output<typeof recipientGroup>;
export const recipientGroupInput = z.strictObject({
  ...group,
  channels: z.array(channelInput).max(20).default([]).refine(named, distinct),
});
export type RecipientGroupInput = z.output<typeof recipientGroupInput>;

/** A group as the API gives it. */
export const recipientGroupView = z.object({
  name: z.string(),
  ...group,
  channels: z.array(channelView),
  version: z.number().int().describe('0: as the configuration has it'),
  changedBy: z.string(),
  changedAt: z.iso.datetime().nullable(),
});
export type RecipientGroupView = z.output<typeof recipientGroupView>;

export function groupView({
  name,
  group: content,
  version,
  changedBy,
  changedAt,
}: RecipientRecord): RecipientGroupView {
  const channels = content.channels.map((one) => {
    const held = Object.entries(one).filter(([field]) => SECRETS[one.type].includes(field));
    const open = Object.entries(one).filter(([field]) => !SECRETS[one.type].includes(field));
    const set = held.filter(([, value]) => typeof value !== 'object' || Object.keys(value).length > 0);
    return channelView.parse({ ...Object.fromEntries(open), secretsSet: set.map(([field]) => field) });
  });
  return {
    ...{ name, version, changedBy, description: content.description, enabled: content.enabled, channels },
    ...(content.quietHours && { quietHours: content.quietHours }),
    changedAt: changedAt === 0 ? null : new Date(changedAt).toISOString(),
  };
}

/** A version of a group as it is stored. */
export interface RecipientRecord {
  name: string;
  group: RecipientGroup;
  /** From 1; 0 is what the configuration says. */
  version: number;
  deleted: boolean;
  changedBy: string;
  /** ms since the epoch; 0 for what the configuration says. */
  changedAt: number;
}

/**
 * The group that `input` makes of `current`: secrets that it leaves out are those of the channel of the same name and type.
 * @throws AppError 422 that names a secret which is missing
 */
export function completeGroup(input: RecipientGroupInput, current: RecipientGroup | undefined): RecipientGroup {
  const channels = input.channels.map((next) => {
    const before = current?.channels.find(({ name, type }) => name === next.name && type === next.type);
    const kept = Object.entries(before ?? {}).filter(([field]) => SECRETS[next.type].includes(field));
    const given = Object.entries(next).filter(([, value]) => value !== undefined);
    return Object.fromEntries([...kept, ...given]);
  });
  const parsed = recipientGroup.safeParse({ ...input, channels });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  throw new AppError('RECIPIENTS_INVALID', 422, problems.map((p) => `${p.path}: ${p.message}`).join('; '), {
    problems,
  });
}

/** The addresses that a channel sends to: one message each. */
export function targetsOf(channel: Channel): string[] {
  switch (channel.type) {
    case 'mail':
    case 'sms':
      return channel.to;
    case 'http':
      return channel.to.length > 0 ? channel.to : [channel.url];
    case 'slack':
    case 'webhook':
      return [channel.url];
    case 'pagerduty':
      return [channel.routingKey];
  }
}

/** An address as it may stand in a log: enough to know which one, not enough to write to it. */
export function maskedTarget(channel: Channel, target: string): string {
  switch (channel.type) {
    case 'mail':
      return maskedMail(target);
    case 'sms':
      return maskedEnd(target);
    case 'http':
      if (channel.to.length === 0) return new URL(channel.url).host;
      return target.includes('@') ? maskedMail(target) : maskedEnd(target);
    case 'slack':
    case 'webhook':
    case 'pagerduty':
      return new URL(channel.url).host;
  }
}

const maskedMail = (address: string) => `${address.slice(0, 1)}***${address.slice(address.lastIndexOf('@'))}`;
const maskedEnd = (text: string) => `***${text.slice(-2)}`;

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
