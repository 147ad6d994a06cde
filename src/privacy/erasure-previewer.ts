import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { Blocker, blockersOf, ErasureFacts } from './erasure';
import { HoldStore } from './hold-store';
import { PersonFacts } from './person-facts';
import { PolicyStore } from './policy-store';
import { dayOf } from './retention-policy';
import { SubjectReferences } from './subject-references';

export interface ErasurePreview {
  references: string[];
  facts: ErasureFacts;
  blockers: Blocker[];
}

/** Says what an erasure would do now, and what stands against it. Changes nothing. */
@Injectable()
export class ErasurePreviewer {
  constructor(
    private readonly people: SubjectReferences,
    private readonly facts: PersonFacts,
    private readonly holds: HoldStore,
    private readonly policies: PolicyStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws AppError 404 `SUBJECT_UNKNOWN` if nothing sealed of this person is here */
  async of(tenant: string, subjectId: string): Promise<ErasurePreview> {
    const references = await this.people.of(tenant, subjectId);
    const policies = await this.policies.list(tenant);
    const facts = await this.facts.read(tenant, subjectId, references, policies, dayOf(this.clock.now()));
    if (references.length === 0) throw unknownPerson(facts.plainEvents);
    const held = await this.facts.held(tenant, references, await this.holds.active(tenant));
    return { references, facts, blockers: blockersOf(facts, held, this.config.erasureBlockedBy) };
  }
}

function unknownPerson(plainEvents: number): AppError {
  const plain =
    plainEvents === 0
      ? ''
      : `; ${plainEvents} event(s) hold the id in plain, since they were stored while encryption was off: no erasure can reach those`;
  return new AppError(
    'SUBJECT_UNKNOWN',
    404,
    `subjectId: nothing sealed of this person is here: it is unknown, or was erased before${plain}`,
  );
}
