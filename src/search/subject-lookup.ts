import { Injectable } from '@nestjs/common';
import { SubjectDirectory } from '../keys/subject-directory';
import { isReference } from '../keys/subject-record';
import { PlainIds } from './plain-ids';

/** Where ids of people become what stands for them in the columns `actor` and `subject`. */
@Injectable()
export class SubjectLookup {
  constructor(
    private readonly subjects: SubjectDirectory,
    private readonly plain: PlainIds,
  ) {}

  /**
   * Everything that stands for these people in events of the tenant: their references, and the ids themselves where events
   * hold them, since they came in while encryption was off. References and API keys stand for themselves.
   * @throws AppError 503 if the keys or the store are away
   */
  async referencesOf(tenant: string, ids: readonly string[]): Promise<string[]> {
    const people = ids.filter((id) => !isPseudonym(id));
    const [references, plain] = await Promise.all([
      this.subjects.find(tenant, people),
      this.plain.among(tenant, people),
    ]);
    return [...references, ...plain, ...ids.filter(isPseudonym)];
  }

  /**
   * As `referencesOf`, for each id by itself; people who are not known are missing.
   * @throws AppError 503 if the keys or the store are away
   */
  async referencesById(tenant: string, ids: readonly string[]): Promise<Map<string, string[]>> {
    const people = ids.filter((id) => !isPseudonym(id));
    const plain = new Set(await this.plain.among(tenant, people));
    const found = new Map<string, string[]>();
    await Promise.all(
      ids.map(async (id) => {
        const sealed = isPseudonym(id) ? [] : await this.subjects.find(tenant, [id]);
        const all = isPseudonym(id) || plain.has(id) ? [...sealed, id] : sealed;
        if (all.length > 0) found.set(id, all);
      }),
    );
    return found;
  }

  /** What may be written down of these people: references, and for those not known that they are not. */
  async recorded(tenant: string, ids: readonly string[]): Promise<string[]> {
    const own = ids.filter(isPseudonym);
    const others = ids.filter((id) => !own.includes(id));
    const found = await this.subjects.find(tenant, others);
    const unknown = others.length - found.length;
    return [...own, ...found, ...(unknown > 0 ? [`(${unknown} unknown)`] : [])];
  }
}

/** What stands in events in place of a person, or of nobody. */
const isPseudonym = (id: string): boolean => isReference(id) || id.startsWith('apikey:');
