import { FIELDS, isField } from './fields';
import { nearest } from '../events/nearest';
import { SigmaFault } from './sigma-fault';

/** Names of fields in Sigma rules → fields of our events. */
export type FieldMapping = Readonly<Record<string, string>>;

/** Names in use for the same things, by our fields. */
const KNOWN: Record<string, readonly string[]> = {
  eventType: ['event_type', 'event.action', 'eventName', 'EventType', 'action'],
  category: ['event.category', 'Category'],
  severity: ['event.severity', 'Severity'],
  outcome: ['event.outcome', 'Outcome'],
  userId: ['user_id', 'user', 'User', 'user.id', 'user.name', 'TargetUserName', 'SubjectUserName', 'username', 'actor'],
  sessionId: ['session_id', 'session.id', 'LogonId', 'TargetLogonId'],
  ipAddress: [
    'ip_address',
    'src_ip',
    'source.ip',
    'SourceIp',
    'IpAddress',
    'c-ip',
    'ip',
    'sourceIPAddress',
    'client.ip',
  ],
  resourceType: ['resource_type', 'resource.type', 'ObjectType'],
  resourceId: ['resource_id', 'resource.id', 'ObjectName'],
  correlationId: ['correlation_id', 'trace.id', 'request_id'],
  service: ['service.name', 'application', 'Application', 'product'],
  description: ['message', 'Message'],
  amount: ['Amount'],
  recordCount: ['record_count', 'rows', 'data_volume'],
  currency: ['Currency'],
};
const DEFAULT: FieldMapping = Object.fromEntries(
  Object.entries(KNOWN).flatMap(([field, names]) => names.map((name) => [name, field])),
);

/** Our field for one of a Sigma rule. @throws SigmaFault for a name that means nothing here */
export function mapField(name: string, mapping: FieldMapping, path: string): string {
  const field = mapping[name] ?? (isField(name) ? name : DEFAULT[name]);
  if (field !== undefined && isField(field)) return field;
  if (field !== undefined) throw new SigmaFault(`${path}: ${name} is mapped to ${field}, which is no field of events`);
  const close = nearest(name, FIELDS);
  const hint = close.length > 0 ? ` (such as ${close[0] ?? ''})` : '';
  throw new SigmaFault(
    `${path}: the field ${name} is not known; map it to a field of events${hint} or to details.<name>`,
  );
}
