import type { Config } from '../config/config';
import { recipientGroup, RecipientRecord } from './recipient-group';

/** The groups that the configuration sets up, for every tenant that has not set up its own of the same name. */
export function configuredGroups({ mail, slackWebhook }: Config['recipients']): RecipientRecord[] {
  return Object.entries(mail).flatMap(([name, to]) => {
    const slack = name === 'security_team' || name === 'security' ? slackWebhook : undefined;
    const channels = [
      ...(to.length > 0 ? [{ name: 'mail', type: 'mail', to }] : []),
      ...(slack === undefined ? [] : [{ name: 'slack', type: 'slack', url: slack }]),
    ];
    if (channels.length === 0) return [];
    const group = recipientGroup.parse({ description: 'From the configuration', channels });
    return [{ name, group, version: 0, deleted: false, changedBy: 'mcp-audit', changedAt: 0 }];
  });
}

/** The groups in force, by name, from the newest stored versions and those of the configuration beneath them. */
export function groupsInForce(
  configured: readonly RecipientRecord[],
  stored: readonly RecipientRecord[],
): Map<string, RecipientRecord> {
  const byName = new Map([...configured, ...stored].map((record) => [record.name, record]));
  const inForce = [...byName.values()].filter(({ deleted }) => !deleted);
  return new Map(inForce.sort((a, b) => (a.name < b.name ? -1 : 1)).map((record) => [record.name, record]));
}
