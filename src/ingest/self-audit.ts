import { Injectable } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { Clock } from '../common/clock';
import type { AuditEvent } from '../events/event.schema';
import type { EventTypeName } from '../events/event-types';
import { validateEvent } from '../events/validate-event';
import { EventSealer } from '../keys/event-sealer';
import { EventIntake } from './event-intake';
import { RetentionDays } from './retention-days';
import { RowEncoder } from './row-encoder';

/** An act of the system itself. `id` makes recording it twice harmless. */
export type OwnAct = Omit<AuditEvent, 'eventType'> & { eventType: EventTypeName };

/**
 * Records the acts of the audit system in the log of the tenant they concern, like any other event, but unsealed: acts name
 * API keys and references, never people.
 */
@Injectable()
export class SelfAudit {
  constructor(
    private readonly intake: EventIntake,
    private readonly sealer: EventSealer,
    private readonly clock: Clock,
    private readonly retention: RetentionDays,
  ) {}

  /**
   * Resolves with the event's id once it is durable. With `by`, the caller's API key is named as the actor.
   * @throws AppError 503 if the buffer or the keys are away; TypeError for an act that is no valid event, which is a defect.
   */
  async record(tenant: string, act: OwnAct, by?: Principal): Promise<string> {
    const now = this.clock.now();
    const context = { service: 'mcp-audit', ...(by && { userId: `apikey:${by.keyId}` }), ...act.context };
    const result = validateEvent({ ...act, context }, { now, ownActs: true });
    if (!result.ok) throw new TypeError(`${act.eventType}: ${describe(result.problems)}`);
    const encoder = new RowEncoder(tenant, now, await this.retention.of(tenant), await this.sealer.prepareOwn());
    const problem = encoder.add(result.event, result.type);
    if (problem) throw new TypeError(`${act.eventType}: ${problem.message}`);
    await this.intake.accept(encoder.part());
    return encoder.ids()[0] ?? '';
  }
}

const describe = (problems: { path: string; message: string }[]) =>
  problems.map((p) => `${p.path} ${p.message}`).join('; ');
