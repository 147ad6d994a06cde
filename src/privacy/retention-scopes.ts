import { Injectable } from '@nestjs/common';
import { HoldStore } from './hold-store';
import { LedgerHeads } from './ledger-heads';
import { PolicyStore } from './policy-store';
import { RetentionScope } from './retention-scope';

/** Reads what decides on the events of a tenant, as it is now. */
@Injectable()
export class RetentionScopes {
  constructor(
    private readonly policies: PolicyStore,
    private readonly holds: HoldStore,
    private readonly heads: LedgerHeads,
  ) {}

  async of(tenant: string): Promise<RetentionScope> {
    const [policies, holds, head] = await Promise.all([
      this.policies.list(tenant),
      this.holds.active(tenant),
      this.heads.newest(tenant),
    ]);
    return { tenant, policies, holds, ledgerSize: head?.size ?? 0 };
  }
}
