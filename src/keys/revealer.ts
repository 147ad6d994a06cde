import { Injectable } from '@nestjs/common';
import { UNATTRIBUTED } from './event-sealer';
import { KeyRing } from './key-ring';
import { KeyStore } from './key-store';
import { openEvent, StoredEvent } from './seal-event';
import { SubjectDirectory } from './subject-directory';
import { isReference, openSubject, openSubjectId } from './subject-record';

/** References in one look-up: ClickHouse takes at most 128 KiB in one parameter. */
const LOOKUP = 2000;

/** Opens sealed fields. Whoever calls it has checked the permission `events:reveal` and recorded the act. */
@Injectable()
export class Revealer {
  constructor(
    private readonly store: KeyStore,
    private readonly ring: KeyRing,
    private readonly subjects: SubjectDirectory,
  ) {}

  /**
   * The events as they were before sealing; `{"erased": true}` stands for what belonged to erased people, and
   * `{"altered": true}` for sealed bytes that are not those that were stored.
   * @throws AppError 503 if keys are away, `SEAL_BROKEN` if the record of a person was altered
   */
  async reveal<E extends StoredEvent>(tenant: string, events: E[]): Promise<E[]> {
    if (events.length === 0) return [];
    const references = events.flatMap(({ context, subjectId }) => [context?.userId ?? '', subjectId ?? '']);
    const people = await this.people(tenant, references);
    const nobody = (await this.subjects.resolve(tenant, new Set([UNATTRIBUTED]))).get(UNATTRIBUTED);
    return events.map((event) => openEvent(event, (reference) => people.get(reference), nobody?.key, isReference));
  }

  /** Ids and keys behind references; those erased are missing. What is no reference is passed over. */
  async people(tenant: string, references: readonly string[]): Promise<Map<string, { id: string; key: Buffer }>> {
    const wanted = [...new Set(references)].filter(isReference);
    const people = new Map<string, { id: string; key: Buffer }>();
    for (let i = 0; i < wanted.length; i += LOOKUP) {
      for (const record of await this.store.subjectsByReference(tenant, wanted.slice(i, i + LOOKUP))) {
        const key = openSubject(record, await this.ring.get('tenant', tenant, record.keyNumber));
        people.set(record.reference, { id: openSubjectId(record, key), key });
      }
    }
    return people;
  }
}
