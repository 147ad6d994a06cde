import { Injectable } from '@nestjs/common';
import { SubjectDirectory } from '../keys/subject-directory';
import { isReference } from '../keys/subject-record';

/** Where ids of people become what stands for them in the columns `actor` and `subject`. */
@Injectable()
export class SubjectLookup {
  constructor(private readonly subjects: SubjectDirectory) {}

  /**
   * Everything that may stand for these people in events of the tenant: their references, and the ids themselves, since
   * events may have been stored while encryption was off. A reference stands for itself.
   * @throws AppError 503 if the keys are away
   */
  async referencesOf(tenant: string, ids: readonly string[]): Promise<string[]> {
    const people = ids.filter((id) => !isReference(id));
    return [...(await this.subjects.find(tenant, people)), ...ids];
  }

  /** What may be written down of these people: references, and for those not known that they are not. */
  async recorded(tenant: string, ids: readonly string[]): Promise<string[]> {
    const own = ids.filter((id) => isReference(id) || id.startsWith('apikey:'));
    const others = ids.filter((id) => !own.includes(id));
    const found = await this.subjects.find(tenant, others);
    const unknown = others.length - found.length;
    return [...own, ...found, ...(unknown > 0 ? [`(${unknown} unknown)`] : [])];
  }
}
