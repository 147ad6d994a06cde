import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error';
import { KeyRing } from '../keys/key-ring';
import { KeyStore } from '../keys/key-store';
import { SubjectDirectory } from '../keys/subject-directory';
import { isReference, lookupOf } from '../keys/subject-record';

/** From the id of a person to what stands for it in the events. */
@Injectable()
export class SubjectReferences {
  constructor(
    private readonly directory: SubjectDirectory,
    private readonly store: KeyStore,
    private readonly ring: KeyRing,
  ) {}

  /**
   * References of a person; none if nobody sealed anything of this person yet, or it was erased. More than one only if Redis
   * once came back from an old backup. A reference stands for itself as long as its key is there.
   * @throws AppError 503 `KEYS_UNAVAILABLE`
   */
  async of(tenant: string, id: string): Promise<string[]> {
    if (isReference(id)) {
      return (await this.store.subjectsByReference(tenant, [id])).map(({ reference }) => reference);
    }
    const { key } = await this.ring.active('lookup', tenant);
    const stored = await this.store.subjectsByLookup(tenant, lookupOf(key, id));
    const found = await this.directory.find(tenant, [id]);
    const all = new Set([...found, ...stored.map(({ reference }) => reference)]);
    for (const erased of await this.store.erasedAmong(tenant, found)) all.delete(erased);
    return [...all];
  }

  /** As `of`, but a person not known yet gets a reference now. */
  async ensure(tenant: string, id: string): Promise<string[]> {
    const found = await this.of(tenant, id);
    if (found.length > 0 || isReference(id)) return found;
    const made = (await this.directory.resolve(tenant, new Set([id]))).get(id);
    return made ? [made.reference] : [];
  }
}

/**
 * Refuses texts that will be kept for good if they hold the id of the person.
 * @throws AppError 422 `PERSON_NAMED`
 */
export function refuseName(subjectId: string, texts: Record<string, string>): void {
  const id = subjectId.toLowerCase();
  for (const [field, text] of Object.entries(texts)) {
    if (!text.toLowerCase().includes(id)) continue;
    throw new AppError(
      'PERSON_NAMED',
      422,
      `${field}: is kept in plain for good, so it must not hold the id of the person`,
      {
        problems: [{ path: field, message: 'must not hold the id of the person' }],
      },
    );
  }
}
