import { Injectable } from '@nestjs/common';
import { binding, open, seal } from '../keys/crypto';
import { SubjectPersister } from '../keys/key-keeper';
import { KeyRing } from '../keys/key-ring';

/** What stands in the columns `sealed` and `key_number`. */
export interface Sealed {
  sealed: string;
  keyNumber: number;
}

/** Seals JSON as a whole under a tenant's key, bound to the place where it stands. */
@Injectable()
export class SealedJson {
  constructor(
    private readonly ring: KeyRing,
    private readonly persister: SubjectPersister,
  ) {}

  async seal(tenant: string, place: readonly (string | number)[], value: unknown): Promise<Sealed> {
    const { key, number } = await this.ring.active('tenant', tenant);
    // Nothing is stored under a key that only Redis has.
    await this.persister.flush();
    const sealed = seal(key, JSON.stringify(value), binding('reports', tenant, ...place));
    return { sealed: sealed.toString('base64'), keyNumber: number };
  }

  /** @throws AppError `SEAL_BROKEN` for what was sealed elsewhere */
  async open(tenant: string, place: readonly (string | number)[], { sealed, keyNumber }: Sealed): Promise<unknown> {
    const key = await this.ring.get('tenant', tenant, keyNumber);
    const text = open(key, Buffer.from(sealed, 'base64'), binding('reports', tenant, ...place));
    return JSON.parse(text.toString('utf8'));
  }
}
