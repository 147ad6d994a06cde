import { Injectable } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import type { JsonObject } from '../events/canonical-json';
import { uuidV7 } from '../events/uuid';
import { SubjectLookup } from '../search/subject-lookup';
import { Breach, BreachFact, foldBreach, Risk, Told } from './breach';
import { AffectedFilter, BreachDesk } from './breach-desk';
import type { CaseStep } from './cases';
import { RegisterActs } from './register-acts';
import type { Law } from './request';

/** What is known of a breach; what is absent stays as it was said before. */
export interface BreachParticulars extends Partial<Record<BreachFact, string | undefined>> {
  title?: string | undefined;
  /** When the controller became aware of it. */
  awareAt?: string | undefined;
  laws?: Law[] | undefined;
  risk?: Risk | undefined;
  /** Which events are of affected data; people by id or reference. */
  affected?: AffectedFilter | undefined;
}

export interface NewBreach extends BreachParticulars {
  /** Makes opening it twice harmless. */
  breachId?: string | undefined;
  title: string;
}

export interface Notification {
  to: Told;
  laws?: Law[] | undefined;
  /** Default: now. */
  notifiedAt?: string | undefined;
  note?: string | undefined;
}

type Zone = string | undefined;

/** Opens breaches and deals with them; every act is an event. */
@Injectable()
export class BreachesService {
  constructor(
    private readonly desk: BreachDesk,
    private readonly acts: RegisterActs,
    private readonly subjects: SubjectLookup,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError 404 */
  async get(tenant: string, id: string, zone: Zone): Promise<Breach> {
    const breach = await this.desk.find(tenant, id, { asOf: this.clock.now() + 1, zone });
    if (!breach) throw new AppError('BREACH_UNKNOWN', 404, `there is no breach ${id} here`);
    return breach;
  }

  /** @returns the breach as it stands, also if one of that id and title was opened before @throws AppError 409 */
  async open(caller: Principal, { breachId, ...particulars }: NewBreach, zone: Zone): Promise<Breach> {
    const id = breachId ?? uuidV7(this.clock.now());
    return this.acts.inTurn(caller.tenant, async () => {
      const known = await this.desk.find(caller.tenant, id, { asOf: this.clock.now() + 1, zone });
      if (known?.title === particulars.title) return known;
      if (known)
        throw new AppError('BREACH_EXISTS', 409, `breachId: ${id} is another breach; give this one another id`);
      const awareAt = this.acts.pastTime('awareAt', particulars.awareAt);
      const step = await this.acts.record(caller, {
        eventType: 'DATA_BREACH_DETECTED',
        description: particulars.title,
        context: { resourceType: 'breach', resourceId: id },
        details: { breachId: id, ...(await this.detailsOf(caller.tenant, { ...particulars, awareAt })) },
      });
      return this.folded(id, [step], zone);
    });
  }

  /** @throws AppError 404; 409 if it is closed */
  update(caller: Principal, id: string, particulars: BreachParticulars, zone: Zone): Promise<Breach> {
    return this.onOpen(caller, id, zone, async () => {
      if (particulars.awareAt !== undefined) this.acts.pastTime('awareAt', particulars.awareAt);
      return this.acts.record(caller, {
        eventType: 'DATA_BREACH_UPDATED',
        description: 'More became known of a breach',
        context: { resourceType: 'breach', resourceId: id },
        details: { breachId: id, ...(await this.detailsOf(caller.tenant, particulars)) },
      });
    });
  }

  /** Notes who was told, with the numbers of that moment. @throws AppError 404; 409 if it is closed */
  notify(caller: Principal, id: string, { to, laws, note, ...given }: Notification, zone: Zone): Promise<Breach> {
    return this.onOpen(caller, id, zone, async (before) => {
      const occurredAt = this.acts.pastTime('notifiedAt', given.notifiedAt);
      if (Date.parse(occurredAt) < before.awareAt) {
        const message = 'must not be before the breach became known';
        throw new AppError('TIME_TOO_EARLY', 422, `notifiedAt ${message}`, {
          problems: [{ path: 'notifiedAt', message }],
        });
      }
      const affected = await this.desk.affected(caller.tenant, before);
      return this.acts.record(caller, {
        eventType: 'DATA_BREACH_NOTIFIED',
        description: to === 'authority' ? 'An authority was told of a breach' : 'Data subjects were told of a breach',
        occurredAt,
        context: { resourceType: 'breach', resourceId: id },
        details: {
          ...{ breachId: id, to, law: laws ?? before.laws },
          ...(note && { note }),
          ...(affected && {
            figures: { events: affected.events, subjects: affected.subjects, records: affected.records },
          }),
        },
      });
    });
  }

  /** @throws AppError 404; 409 if it is closed, or somebody has to be told yet */
  close(caller: Principal, id: string, reason: string, zone: Zone): Promise<Breach> {
    return this.onOpen(caller, id, zone, (before) => {
      const untold = before.clocks.filter(({ state }) => state === 'running' || state === 'missed');
      if (untold.length > 0) {
        const duties = untold.map(({ law, to }) => `${to} (${law.toUpperCase()})`).join(', ');
        throw new AppError(
          'BREACH_UNTOLD',
          409,
          `the breach ${id} cannot be closed before these were told: ${duties}; note that with notify, or lower its risk with an update`,
        );
      }
      return this.acts.record(caller, {
        eventType: 'DATA_BREACH_CLOSED',
        description: 'A breach was dealt with',
        context: { resourceType: 'breach', resourceId: id },
        details: { breachId: id, reason },
      });
    });
  }

  private onOpen(
    caller: Principal,
    id: string,
    zone: Zone,
    act: (before: Breach) => Promise<CaseStep>,
  ): Promise<Breach> {
    return this.acts.inTurn(caller.tenant, async () => {
      const before = await this.get(caller.tenant, id, zone);
      if (before.closedAt !== null) {
        const closed = new Date(before.closedAt).toISOString();
        throw new AppError('BREACH_CLOSED', 409, `the breach ${id} was closed on ${closed}; open a new one`);
      }
      const step = await act(before);
      return this.folded(id, [...before.steps, step], zone);
    });
  }

  private folded(id: string, steps: CaseStep[], zone: Zone): Breach {
    const inOrder = [...steps].sort((a, b) => a.at - b.at);
    return foldBreach({ id, openedAt: steps[0]?.at ?? 0, steps: inOrder }, zone, this.clock.now());
  }

  /** Particulars as an event holds them: people are references. */
  private async detailsOf(tenant: string, { affected, ...rest }: BreachParticulars): Promise<JsonObject> {
    const said = Object.entries(rest).filter(([, value]) => value !== undefined) as [string, string | string[]][];
    if (!affected) return Object.fromEntries(said);
    const { userId, subjectId, ...others } = affected;
    const filter = Object.entries({
      ...others,
      userId: userId && (await this.referencesOf(tenant, userId)),
      subjectId: subjectId && (await this.referencesOf(tenant, subjectId)),
    }).filter(([, value]) => value !== undefined) as [string, string | string[]][];
    return { ...Object.fromEntries(said), affected: Object.fromEntries(filter) };
  }

  private async referencesOf(tenant: string, ids: string[]): Promise<string[]> {
    const found = await this.subjects.referencesOf(tenant, ids);
    // A filter for people who are not known must not become one for everybody.
    return found.length > 0 ? found : ['(unknown)'];
  }
}
